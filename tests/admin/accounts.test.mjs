// What is done about the accounts of others, proven by the one whose account it is.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { ORIGIN, PASSWORD, api, asAdmin, close, createRole, createUser, everywhere, go, login, send, signedIn } from './support.mjs';

after(close);

// A provider of plain OAuth 2 that knows one person, who has no address.
async function provider(name) {
  const answers = { '/token': { access_token: 'of-the-tests', token_type: 'bearer' }, '/profile': { sub: 'person-7' } };
  const server = createServer((request, response) => {
    const answer = answers[request.url.split('?')[0]];
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? {}));
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const at = `http://127.0.0.1:${server.address().port}`;
  const settings = {
    enabled: true, key: 'app', secret: 'of-the-tests', callback: `${ORIGIN}/connect/${name}/redirect`,
    authorize_url: `${at}/authorize`, access_url: `${at}/token`, profile_url: `${at}/profile`,
  };
  const answer = await asAdmin('PUT', '/users-permissions/providers', { providers: { [name]: settings } });
  assert.equal(answer.status, 200, answer.text);
  // Goes to the provider and comes back, and has a ticket then.
  const ticket = async () => {
    const begun = await fetch(`${ORIGIN}/api/connect/${name}`, { redirect: 'manual' });
    assert.equal(begun.status, 302);
    const state = new URL(begun.headers.get('location')).searchParams.get('state');
    const cookie = begun.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
    const query = new URLSearchParams({ code: 'of-the-tests', state });
    const back = await fetch(`${ORIGIN}/api/connect/${name}/callback?${query}`, { redirect: 'manual', headers: { cookie } });
    const found = new URL(back.headers.get('location'), ORIGIN).searchParams.get('access_token');
    assert.ok(found, `${back.status} ${back.headers.get('location')}`);
    return found;
  };
  const stop = async () => {
    server.close();
    await asAdmin('PUT', '/users-permissions/providers', { providers: { [name]: null } });
  };
  return { ticket, stop };
}

test('a provider is unlinked from a user, who is no longer let in by it', async () => {
  const { ticket, stop } = await provider('acme');
  try {
    const user = await createUser('accounts-linked');
    const jwt = await login(user.username);
    const body = { provider: 'acme', access_token: await ticket(), currentPassword: PASSWORD };
    const linked = await api('POST', '/auth/identities', body, jwt);
    assert.equal(linked.status, 200, linked.text);
    const enter = async () => api('GET', `/auth/acme/callback?access_token=${await ticket()}`);
    assert.equal((await enter()).json.user.id, user.id);
    const page = await signedIn();
    await go(page, `/users/${user.id}`);
    assert.match(await page.textContent('aside'), /Linked providers[\s\S]*acme/);
    assert.deepEqual(await everywhere(page), []);
    await send(page, 'button[aria-label^="Unlink acme"]');
    assert.match(await page.textContent('.flash.good'), /The provider is unlinked/);
    assert.doesNotMatch(await page.textContent('aside'), /acme/);
    const again = await login(user.username);
    assert.deepEqual((await api('GET', '/auth/identities', undefined, again)).json, { data: [] });
    assert.notEqual((await enter()).status, 200);
    assert.deepEqual(page.faults, []);
  } finally {
    await stop();
  }
});

test('the sessions of a user are ended, and nobody else’s', async () => {
  const [user, other] = [await createUser('accounts-session'), await createUser('accounts-other')];
  const tokens = [await login(user.username), await login(user.username)];
  const theirs = await login(other.username);
  const me = (token) => api('GET', '/users/me', undefined, token);
  for (const token of [...tokens, theirs]) assert.equal((await me(token)).status, 200);
  const page = await signedIn();
  await go(page, '/users?q=accounts-session');
  await send(page, 'tbody a:has-text("accounts-session")');
  await send(page, 'button:has-text("End all sessions")');
  assert.match(await page.textContent('.flash.good'), /Every session of the user has ended/);
  for (const token of tokens) assert.equal((await me(token)).status, 401);
  assert.equal((await me(theirs)).status, 200);
  assert.equal((await me(await login(user.username))).status, 200, 'they may sign in again');
  assert.deepEqual(page.faults, []);
});

test('users are put in order by a heading, and several deleted at once', async () => {
  const role = await createRole('Accounts crowd');
  for (const [name, letter] of [['delta', 'z'], ['alpha', 'y'], ['gamma', 'x']]) {
    await createUser(`accounts-${name}`, { email: `${letter}-${name}@example.com`, role });
  }
  const named = async () => (await asAdmin('GET', `/users?filters[roles][id][$eq]=${role}&sort=username`)).json.map((user) => user.username);
  const page = await signedIn();
  await go(page, `/users?role=${role}&size=20`);
  const rows = () => page.locator('tbody th').allTextContents();
  assert.deepEqual(await rows(), ['accounts-gamma', 'accounts-alpha', 'accounts-delta']);
  // Once by the mouse, once by the keyboard; the filter stays.
  await send(page, 'thead a:has-text("User")');
  assert.deepEqual(await rows(), ['accounts-alpha', 'accounts-delta', 'accounts-gamma']);
  assert.equal(await page.locator('th[aria-sort=ascending]').textContent(), 'User');
  await page.focus('thead a:has-text("E-mail")');
  await Promise.all([page.waitForEvent('domcontentloaded'), page.keyboard.press('Enter')]);
  assert.deepEqual(await rows(), ['accounts-gamma', 'accounts-alpha', 'accounts-delta']);
  await send(page, 'thead a:has-text("E-mail")');
  assert.deepEqual(await rows(), ['accounts-delta', 'accounts-alpha', 'accounts-gamma']);
  assert.equal(await page.locator('th[aria-sort]').getAttribute('aria-sort'), 'descending');
  assert.equal(await page.inputValue('#size'), '20');

  await page.check('[aria-label="Select accounts-delta"]');
  await page.check('[aria-label="Select accounts-gamma"]');
  assert.match(await page.textContent('[data-chosen]'), /2 selected/);
  await send(page, 'button:has-text("Delete selected")');
  assert.match(await page.textContent('h1'), /Delete 2 users\?/);
  assert.match(await page.textContent('.names'), /accounts-delta, accounts-gamma/);
  assert.deepEqual(await everywhere(page), []);
  await send(page, 'a:has-text("Keep them")');
  assert.deepEqual(await named(), ['accounts-alpha', 'accounts-delta', 'accounts-gamma']);
  assert.deepEqual(await rows(), ['accounts-delta', 'accounts-alpha', 'accounts-gamma'], 'back in the list as it was');
  await page.check('[data-every]');
  await page.uncheck('[aria-label="Select accounts-alpha"]');
  await send(page, 'button:has-text("Delete selected")');
  await send(page, 'button.danger');
  assert.match(await page.textContent('.flash.good'), /2 users are deleted/);
  assert.deepEqual(await rows(), ['accounts-alpha']);
  assert.deepEqual(await named(), ['accounts-alpha']);
  assert.equal(await login('accounts-delta'), undefined);
  assert.deepEqual(page.faults, []);
});

test('who may see no page is told so, and can leave', async () => {
  const role = await createRole('Accounts ender', ['plugin::users-permissions.admin.endSessions']);
  const user = await createUser('accounts-ender', { role });
  const page = await signedIn({}, { name: user.username, password: PASSWORD });
  assert.match(await page.textContent('main'), /your roles open none of these pages/);
  assert.deepEqual(await everywhere(page), []);
  await send(page, 'main button:has-text("Sign out")');
  assert.match(page.url(), /\/login$/);
});
