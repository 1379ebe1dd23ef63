// The page of examples/chat, as the checks use it.
'use strict';
const { Browser } = require('./browser');

const connected = page => page.until(`document.querySelector('#status').textContent === 'connected'`);
/// The texts of the messages, and whether the server has them.
const messages = page => page.value(`[...document.querySelectorAll('#messages li')].map(m => m.querySelector('p').textContent)`);
const sees = (page, text) =>
  page.until(`[...document.querySelectorAll('#messages p')].some(p => p.textContent === ${JSON.stringify(text)})`);
const here = (page, names) => page.until(
  `JSON.stringify([...document.querySelectorAll('#people li')].map(p => p.textContent)) === ${JSON.stringify(JSON.stringify(names))}`);
const allSent = page => page.until(`document.querySelectorAll('.sending, .failed').length === 0`);

/// Somebody who has opened the page and told a name. `asked` sees the page before that.
async function enter(browser, host, name, room = 'lobby', asked = () => {}) {
  const page = await browser.open(`http://${host}/#${room}`);
  await page.until(`document.querySelector('#hello')?.open`);
  await asked(page);
  await page.focus('#name');
  await page.type(name);
  await page.enter();
  await connected(page);
  return page;
}
async function write(page, text) {
  await page.focus('#text');
  await page.type(text);
  await page.enter();
}

module.exports = { allSent, connected, enter, here, messages, sees, write };
