// Named checks, one after the other, each with a limit. Told as `ok NAME` or `FAILED NAME: why`; the exit code says all.
'use strict';
const assert = require('assert');

const patience = 30000;

/// The promise, or a failure when it takes too long.
function inTime(promise, what, limit = patience) {
  let timer;
  const late = new Promise((_, no) => { timer = setTimeout(() => no(new Error(`expected in time: ${what}`)), limit); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function run(checks) {
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    try {
      await inTime(check(), name);
      console.log(`ok ${name}`);
    } catch (e) {
      failed++;
      console.log(`FAILED ${name}: ${e.stack}`);
    }
  }
  console.log(`${Object.keys(checks).length - failed} checks passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}

module.exports = { assert, inTime, run };
