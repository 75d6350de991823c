// Actions that the database knows and the program has not: the server of these tests goes on with the database of
// one that has two thousand more.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { asAdmin, close, go, send, signedIn } from '../support.mjs';

after(close);

const stale = async () => (await asAdmin('GET', '/users-permissions/routes')).json.stale;

test('a stale action is removed from the role that holds it, and from the database', async () => {
  const before = await stale();
  assert.ok(before.length > 1900, `${before.length}`);
  const page = await signedIn();
  await send(page, 'nav a:has-text("Roles")');
  await send(page, 'main a:has-text("Large editor")');
  const role = page.url();
  const section = page.locator('section', { hasText: 'Stale actions' });
  assert.equal(await section.locator('.tag.warn').count(), 3);
  await send(page, 'button[aria-label="Remove api::ej.ej.lock"]');
  assert.match(await page.textContent('.flash.good'), /api::ej\.ej\.lock was removed, with every grant of it/);
  assert.deepEqual(await stale(), before.filter((action) => action !== 'api::ej.ej.lock'));
  await page.goto(role);
  assert.equal(await section.locator('.tag.warn').count(), 2);
  assert.equal(await page.locator('button[aria-label="Remove api::ej.ej.lock"]').count(), 0);
  // One that nobody holds is removed in the list of roles.
  await go(page, '/roles');
  await send(page, 'button[aria-label="Remove api::aa.aa.assign"]');
  assert.equal((await stale()).length, before.length - 2);
  await send(page, 'nav a:has-text("Log of changes")');
  assert.match(await page.locator('tbody tr').first().textContent(), /admin[\s\S]*removed the stale action[\s\S]*api::aa\.aa\.assign/);
  assert.deepEqual(page.faults, []);
});
