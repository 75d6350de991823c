// An administrator who typed the password a while ago is asked for it before what is grave. The server of
// these tests takes no password for recent.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ADMIN, PASSWORD, asAdmin, close, createUser, everywhere, go, login, send, signedIn } from '../support.mjs';

after(close);

test('a new address or password of a user takes the own password', async () => {
  const user = await createUser('late-changed');
  const page = await signedIn();
  await go(page, `/users/${user.id}`);
  assert.deepEqual(await everywhere(page), []);
  for (const own of ['', 'wrong']) {
    await page.fill('#password', 'Changed1!');
    await page.fill('#own-password', own);
    await send(page, '.savebar button');
    assert.match(await page.textContent('.field .error'), /[Yy]our password/);
    assert.equal(await page.inputValue('#own-password'), '');
  }
  assert.ok(await login(user.username), 'nothing was changed');
  await page.fill('#password', 'Changed1!');
  await page.fill('#email', 'late-new@example.com');
  await page.fill('#own-password', ADMIN.password);
  await send(page, '.savebar button');
  assert.match(await page.textContent('.flash.good'), /was saved/);
  assert.equal((await asAdmin('GET', `/users/${user.id}`)).json.email, 'late-new@example.com');
  assert.equal(await login(user.username, PASSWORD), undefined);
  assert.ok(await login(user.username, 'Changed1!'));
  // What lets nobody in does not ask.
  await page.locator('input[name=confirmed]').check();
  await send(page, '.savebar button');
  assert.match(await page.textContent('.flash.good'), /was saved/);
  assert.deepEqual(page.faults, []);
});

test('deleting a user takes the own password', async () => {
  const user = await createUser('late-deleted');
  const page = await signedIn();
  await go(page, `/users/${user.id}/delete`);
  assert.deepEqual(await everywhere(page), []);
  await page.fill('#password', 'wrong');
  await send(page, 'button.danger');
  assert.match(await page.textContent('.flash.bad'), /password is wrong/);
  assert.equal((await asAdmin('GET', `/users/${user.id}`)).status, 200);
  await page.fill('#password', ADMIN.password);
  await send(page, 'button.danger');
  assert.match(await page.textContent('.flash.good'), /late-deleted was deleted/);
  assert.equal((await asAdmin('GET', `/users/${user.id}`)).status, 404);
  assert.deepEqual(page.faults, []);
});

test('deleting several users takes the own password', async () => {
  const [one, two] = [await createUser('late-one'), await createUser('late-two')];
  const page = await signedIn();
  await go(page, '/users?q=late-');
  await page.check('[aria-label="Select late-one"]');
  await page.check('[aria-label="Select late-two"]');
  await send(page, 'button:has-text("Delete selected")');
  assert.match(await page.textContent('h1'), /Delete 2 users\?/);
  assert.deepEqual(await everywhere(page), []);
  await page.fill('#password', 'wrong');
  await send(page, 'button.danger');
  assert.match(await page.textContent('.flash.bad'), /password is wrong/);
  for (const user of [one, two]) assert.equal((await asAdmin('GET', `/users/${user.id}`)).status, 200);
  await page.fill('#password', ADMIN.password);
  await send(page, 'button.danger');
  assert.match(await page.textContent('.flash.good'), /2 users are deleted/);
  for (const user of [one, two]) assert.equal((await asAdmin('GET', `/users/${user.id}`)).status, 404);
  assert.deepEqual(page.faults, []);
});
