// The pages of an application with two thousand actions.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { close, createRole, go, holds, send, signedIn } from '../support.mjs';

after(close);

test('any of two thousand actions is found by typing, and granted', async (t) => {
  const role = await createRole('Large editor');
  const page = await signedIn();
  await go(page, `/roles/${role}`);
  assert.ok((await page.locator('.act').count()) > 2000);
  const granted = ['api::aa.aa.archive', 'api::ej.ej.lock', 'api::jj.jj.withdraw'];
  const typed = [['aa archive', granted[0]], ['aa fe find'], ['ej lock', granted[1]], ['jj withdraw', granted[2]]];
  for (const [text, ...found] of typed) {
    await page.fill('#filter', '');
    await page.locator('#filter').pressSequentially(text);
    await page.waitForFunction((names) => {
      const shown = [...document.querySelectorAll('.act:not([hidden])')].map((row) => row.dataset.text);
      return JSON.stringify(shown) === names;
    }, JSON.stringify(found));
    for (const name of found) await page.locator(`[data-text="${name}"] input`).check();
  }
  assert.match(await page.textContent('[data-pending]'), /\+3 granted/);
  // What one key costs, until the page is painted anew.
  const spent = await page.evaluate(async () => {
    const box = document.querySelector('#filter');
    const begin = performance.now();
    box.value = 'withdraw';
    box.dispatchEvent(new InputEvent('input', { bubbles: true }));
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return performance.now() - begin;
  });
  t.diagnostic(`a key in the filter of two thousand actions: ${Math.round(spent)} ms`);
  await send(page, '.savebar button');
  assert.match(await page.textContent('.flash.good'), /granted api::jj\.jj\.withdraw/);
  for (const action of granted) {
    assert.equal(await holds(role, action), true, action);
  }
  assert.equal(await holds(role, 'api::aa.aa.assign'), false);
  assert.deepEqual(page.faults, []);
});

test('all units are opened and closed at once', async () => {
  const page = await signedIn();
  await go(page, '/roles/new');
  assert.equal(await page.locator('.unit[open]').count(), 1);
  await page.click('[data-unfold]:has-text("Open all")');
  await page.waitForSelector('[data-unfold]:has-text("Close all")');
  assert.equal(await page.locator('.unit:not([open])').count(), 0);
  await page.click('[data-unfold]');
  await page.waitForSelector('[data-unfold]:has-text("Open all")');
  assert.equal(await page.locator('.unit[open]').count(), 0);
  assert.deepEqual(page.faults, []);
});

test('the matrix finds it by typing, though it shows four hundred rows', async () => {
  const page = await signedIn();
  await go(page, '/matrix');
  assert.ok((await page.locator('tr.row').count()) <= 400);
  await page.locator('#q').pressSequentially('jj withdraw');
  await page.waitForFunction(() => {
    const shown = [...document.querySelectorAll('tr.row:not([hidden])')].map((row) => row.dataset.text);
    return shown.length === 1 && shown[0].includes('api::jj.jj.withdraw');
  });
  assert.deepEqual(page.faults, []);
});

test('the matrix finds it too, without the script', async () => {
  const page = await signedIn({ javaScriptEnabled: false });
  await go(page, '/matrix');
  await page.fill('input[name=q]', 'jj.withdraw');
  await Promise.all([page.waitForEvent('domcontentloaded'), page.press('input[name=q]', 'Enter')]);
  assert.match(await page.textContent('main'), /withdraw/);
  assert.doesNotMatch(await page.textContent('main'), /archive/);
});
