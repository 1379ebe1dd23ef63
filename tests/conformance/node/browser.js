// Chromium without a window, driven by its DevTools protocol: pages that share nothing, as of several people.
'use strict';
const { spawn } = require('child_process');
const { mkdtempSync, rmSync, writeFileSync } = require('fs');
const { tmpdir } = require('os');
const { join } = require('path');
const WebSocket = require('ws');
const { inTime } = require('./checks');

class Page {
  #browser;
  #session;
  errors = [];  // what scripts threw, and what the console called an error
  constructor(browser, session) {
    this.#browser = browser;
    this.#session = session;
  }
  send(method, params = {}) { return this.#browser.send(method, params, this.#session); }
  /// The value of an expression, which may be a promise.
  async value(expression) {
    const { result, exceptionDetails } =
      await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    return result.value;
  }
  /// Looked at each time the page has painted, in the page itself, until it is true.
  until(expression) {
    const looks = `new Promise(yes => { const look = () => { if (${expression}) yes(true); else setTimeout(look, 20); }; look(); })`;
    return inTime(this.value(looks), `in the page: ${expression}`, 20000);
  }
  text(selector) { return this.value(`document.querySelector(${JSON.stringify(selector)}).textContent`); }
  focus(selector) { return this.value(`document.querySelector(${JSON.stringify(selector)}).focus()`); }
  click(selector) { return this.value(`document.querySelector(${JSON.stringify(selector)}).click()`); }
  type(text) { return this.send('Input.insertText', { text }); }
  async press(key, code) {
    const keys = { key, code: key, windowsVirtualKeyCode: code, text: key === 'Enter' ? '\r' : undefined };
    await this.send('Input.dispatchKeyEvent', { type: 'keyDown', ...keys });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...keys });
  }
  enter() { return this.press('Enter', 13); }
  size(width, height, mobile = false) {
    return this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: mobile ? 2 : 1, mobile });
  }
  dark(is) {
    return this.send('Emulation.setEmulatedMedia',
      { features: [{ name: 'prefers-color-scheme', value: is ? 'dark' : 'light' }] });
  }
  close() { return this.send('Page.close'); }
  async picture(file) {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png' });
    writeFileSync(file, Buffer.from(data, 'base64'));
  }
}

class Browser {
  #socket;
  #waiting = new Map();
  #pages = new Map();
  #last = 0;

  static async start(program) {
    const browser = new Browser();
    browser.profile = mkdtempSync(join(tmpdir(), 'joist_conformance_'));
    browser.process = spawn(program,
      ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
       '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--no-proxy-server', '--hide-scrollbars',
       '--remote-debugging-port=0', `--user-data-dir=${browser.profile}`],
      { stdio: ['ignore', 'ignore', 'pipe'], detached: true });  // a group of its own: the program may be a script
    const url = await inTime(new Promise((yes, no) => {
      let told = '';
      browser.process.on('error', no);
      browser.process.stderr.on('data', more => {
        told += more;
        const found = /DevTools listening on (\S+)/.exec(told);
        if (found) yes(found[1]);
      });
    }), 'Chromium listens');
    browser.#socket = new WebSocket(url, { maxPayload: 1 << 28 });
    await new Promise((yes, no) => browser.#socket.on('open', yes).on('error', no));
    browser.#socket.on('message', data => browser.#take(JSON.parse(data)));
    return browser;
  }
  stop() {
    this.#socket?.terminate();
    try {
      process.kill(-this.process.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
  send(method, params = {}, sessionId = undefined) {
    const id = ++this.#last;
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    return new Promise((yes, no) => this.#waiting.set(id, { yes, no, method }));
  }
  #take({ id, result, error, method, params, sessionId }) {
    const asked = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (asked) return error ? asked.no(new Error(`${asked.method}: ${error.message}`)) : asked.yes(result);
    const page = this.#pages.get(sessionId);
    if (!page) return;
    if (method === 'Runtime.exceptionThrown') page.errors.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    if (method === 'Log.entryAdded' && params.entry.level === 'error') page.errors.push(`${params.entry.text} ${params.entry.url ?? ''}`);
  }
  /// Of a person of its own: with nothing that others have stored.
  async open(url) {
    const { browserContextId } = await this.send('Target.createBrowserContext');
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank', browserContextId });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, sessionId);
    this.#pages.set(sessionId, page);
    for (const domain of ['Runtime', 'Log', 'Page']) await page.send(`${domain}.enable`);
    await page.size(1100, 720);
    await page.send('Page.navigate', { url });
    return page;
  }
}

module.exports = { Browser };
