// A site of joist::live in Chromium, by the official client of Phoenix LiveView. usage: live.js CHROMIUM HOST:PORT FOLDER
'use strict';
const { join } = require('path');
const { createInterface } = require('readline');
const { Browser } = require('./browser');
const { assert, inTime, run } = require('./checks');

const [, , chromium, host, folder] = process.argv;
let browser, page;

const lines = createInterface({ input: process.stdin });
function server(verb) {
  const done = new Promise(yes => lines.once('line', yes));
  console.log(`> ${verb}`);
  return inTime(done, `the server: ${verb}`);
}
const connected = () => page.until(`document.querySelector('[data-phx-main]')?.classList.contains('phx-connected')`);
const shows = (selector, text) =>
  page.until(`document.querySelector(${JSON.stringify(selector)})?.textContent === ${JSON.stringify(text)}`);
/// While another page is loaded, what is asked of the one before is not answered.
async function loads(selector, text) {
  for (;;) {
    try {
      return await shows(selector, text);
    } catch (e) {
      if (!/navigated|context/.test(e.message)) throw e;
    }
  }
}
const list = (selector, all) => page.until(
  `JSON.stringify([...document.querySelectorAll(${JSON.stringify(selector)})].map(e => e.textContent)) === ${JSON.stringify(JSON.stringify(all))}`);

const checks = {
  async a_page_is_there_before_its_scripts_and_connects() {
    const answer = await (await fetch(`http://${host}/all`)).text();
    assert.match(answer, /<p id="count">0<\/p>/);
    assert.match(answer, /&lt;a&gt;/);
    browser = await Browser.start(chromium);
    page = await browser.open(`http://${host}/all?tab=one`);
    await connected();
    await shows('#tab', 'one');
    assert.strictEqual(await page.value('document.title'), 'everything');
  },
  async what_the_server_does_by_itself_shows() {
    await shows('#tick', 'ticked');
  },
  async clicks_bring_what_is_beside_them() {
    await page.click('#add');
    await shows('#count', '2');
    await page.click('#add');
    await shows('#count', '4');
  },
  async forms_are_checked_while_one_types_and_saved() {
    await page.focus('#name');
    await page.type('x');
    await shows('#changed', 'user.name');
    await page.value(`document.querySelector('#name').value = ''; document.querySelector('#name').dispatchEvent(new Event('input', { bubbles: true }))`);
    await shows('#problem', 'a name, please');
    assert.strictEqual(await page.value(`document.querySelector('#save').disabled`), true);
    await page.focus('#name');
    await page.type('<Ann> & "Bob"');
    await shows('#problem', '');
    await page.focus('#age');
    await page.type('42');
    await page.click('#agrees');
    await page.until(`!document.querySelector('#save').disabled`);
    await page.focus('#name');
    await page.enter();
    await shows('#saved', '<Ann> & "Bob", 42, true');
    await shows('#flash', 'saved <Ann> & "Bob"');
    await page.until(`document.querySelector('#age').value === '' && !document.querySelector('#agrees').checked`);
  },
  async components_keep_their_state_while_they_move_and_go_when_they_are_not_shown() {
    await list('.box b', ['<a>', '<b>', '<c>']);
    await page.click('.box:nth-child(1) button');
    await shows('.box:nth-child(1) i', '1');
    await page.click('.box:nth-child(2) button');
    await shows('.box:nth-child(2) i', '1');
    await page.click('#turn');
    await list('.box b', ['<c>', '<b>', '<a>']);
    await list('.box i', ['0', '1', '1']);
    await page.click('#drop');
    await list('.box b', ['<c>', '<a>']);
    await page.click('.box:nth-child(2) button');
    await list('.box i', ['0', '2']);
  },
  async streams_are_kept_by_the_browser() {
    await list('#said span', ['welcome']);
    for (const text of ['one', 'two', '<three>']) {
      await page.value(`document.querySelector('#text').value = ${JSON.stringify(text)}`);
      await page.focus('#text');
      await page.enter();
      await page.until(`document.querySelector('#said span').textContent === ${JSON.stringify(text)}`);
    }
    await list('#said span', ['<three>', 'two', 'one']);  // welcome was the fourth
    await page.click('#said-2 button');
    await list('#said span', ['<three>', 'one']);
    await page.click('#add');
    await shows('#count', '6');
    await list('#said span', ['<three>', 'one']);
    await page.click('#reset');
    await list('#said span', ['anew']);
  },
  async hooks_are_answered_and_hear_events() {
    assert.deepStrictEqual(await page.value(`window.echo('hey')`), { text: 'hey!' });
    assert.deepStrictEqual(await page.value('window.heard'), ['hey']);
  },
  async commands_run_in_the_browser_and_stay() {
    const visible = `getComputedStyle(document.querySelector('#menu')).display !== 'none'`;
    assert.strictEqual(await page.value(visible), false);
    await page.click('#menu_button');
    await page.until(visible);
    await page.click('#add');
    await shows('#count', '8');
    assert.strictEqual(await page.value(visible), true);
  },
  async patches_change_the_url_and_keep_the_view() {
    await page.click('#to_two');
    await shows('#tab', 'two');
    await page.until(`location.search === '?tab=two'`);
    await page.click('#to_three');
    await shows('#tab', 'three');
    await page.value('history.back()');
    await shows('#tab', 'two');
    await shows('#count', '8');
  },
  async other_views_come_on_the_same_connection_with_their_flash() {
    await page.value('window.mark = 1');
    await page.click('#leave');
    await shows('h1', 'other');
    await shows('#flash', 'from everything');
    await page.until(`location.pathname === '/other' && document.title === 'other'`);
    await page.click('#back');
    await shows('#tab', 'back');
    await shows('#flash', '');
    assert.strictEqual(await page.value('window.mark'), 1);
  },
  async a_page_that_is_loaded_shows_its_flash_once() {
    await shows('#count', '0');
    await page.click('#load');
    await loads('h1', 'other');
    await shows('#flash', 'loaded');
    await connected();
    assert.strictEqual(await page.value('window.mark ?? 0'), 0);
    await page.value('window.mark = 2');
    await page.send('Page.reload');
    await loads('h1', 'other');
    await page.until('window.mark !== 2').catch(() => {});
    await connected();
    await shows('#flash', '');
    await page.click('#back');
    await shows('#tab', 'back');
  },
  async a_view_that_crashes_comes_back_and_its_form_with_it() {
    await page.click('#add');
    await shows('#count', '2');
    await page.focus('#name');
    await page.type('kept');
    await shows('#changed', 'user.name');
    await page.click('#crash');
    await shows('#count', '0');
    await connected();
    await shows('#changed', 'user.name');  // was sent again
    assert.strictEqual(await page.value(`document.querySelector('#name').value`), 'kept');
    page.errors = [];  // it said so
  },
  async a_server_that_is_started_again_is_joined_again() {
    await server('stop');
    await page.until(`document.querySelector('[data-phx-main]').classList.contains('phx-error')`);
    await server('start');
    await connected();
    await page.click('#add');
    await shows('#count', '2');
    await page.picture(join(folder, 'live.png'));
  },
  async no_script_has_failed() {
    assert.deepStrictEqual(page.errors.filter(e => !/WebSocket|ERR_CONNECTION_REFUSED|longpoll|favicon/.test(e)), []);
  },
};

process.on('exit', () => browser?.stop());
run(checks);
