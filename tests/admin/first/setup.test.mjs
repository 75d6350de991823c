// An application without an administrator: whoever holds the link of its log becomes the first one, once. The
// server of these tests was told of none.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { ADMIN, ORIGIN, api, close, everywhere, login, open, send } from '../support.mjs';

after(close);

// The link stands in the log, under the public address of the application.
const link = () => {
  const [, port, path] = /https?:\/\/[^/\s]+:(\d+)(\/\S*setup\?token=\w+)/.exec(readFileSync(process.env.ADMIN_TEST_LOG, 'utf8')) ?? [];
  assert.ok(path, 'no link in the log');
  assert.equal(port, new URL(ORIGIN).port);
  return `${ORIGIN}${path}`;
};

test('the link of the log makes the first administrator, once', async () => {
  assert.equal(await login(ADMIN.name, ADMIN.password), undefined, 'there is one already');
  const page = await (await (await open()).newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(link());
  assert.match(page.url(), /\/admin\/setup\?token=/);
  assert.match(await page.textContent('main'), /no administrator yet/);
  assert.deepEqual(await everywhere(page), []);
  // What is refused makes nobody, and does not use the link up.
  const fill = async (password) => {
    await page.fill('#username', ADMIN.name);
    await page.fill('#email', 'admin@example.com');
    await page.fill('#password', password);
    await send(page, 'button.primary');
  };
  await fill('x');
  assert.match(await page.textContent('.flash.bad'), /password/);
  assert.equal(await page.inputValue('#username'), ADMIN.name);
  assert.equal(await login(ADMIN.name, 'x'), undefined);
  await fill(ADMIN.password);
  assert.match(await page.textContent('.flash.good'), /You are the first administrator/);
  assert.equal(new URL(page.url()).pathname, '/admin');
  // A second client: it is one, and may do what administrators may.
  const token = await login(ADMIN.name, ADMIN.password);
  const { json } = await api('GET', '/users/me?populate=role', undefined, token);
  assert.equal(json.role.type, 'administrator');
  assert.equal((await api('GET', '/users-permissions/roles', undefined, token)).status, 200);
  await send(page, 'nav a:has-text("Users")');
  assert.match(await page.textContent('tbody'), /admin@example\.com/);
  // The link is used up, for browsers and for the API.
  const late = await (await (await open()).newContext()).newPage();
  await late.goto(link());
  await late.fill('#username', 'second');
  await late.fill('#email', 'second@example.com');
  await late.fill('#password', ADMIN.password);
  await send(late, 'button.primary');
  assert.match(await late.textContent('.flash.bad'), /Invalid token/);
  assert.equal(await login('second', ADMIN.password), undefined);
  assert.deepEqual(faults, []);
});
