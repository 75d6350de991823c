// Providers of social login: done on their pages, proven over the API.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { EVIL, ORIGIN, api, asAdmin, clicker, close, everywhere, focused, go, send, signedIn } from './support.mjs';

after(close);
const SECRET = 'canary-secret-of-the-pages';
const FRONT = 'https://app.example/connect/github/redirect';
const read = async (name) => (await asAdmin('GET', '/users-permissions/providers')).json[name];
const connect = async (name) => {
  const answer = await fetch(`${ORIGIN}/api/connect/${name}`, { redirect: 'manual' });
  return { status: answer.status, to: answer.headers.get('location') };
};

test('a provider is enabled in three clicks and its fields', async () => {
  const page = await signedIn();
  assert.equal((await connect('github')).status, 400);
  await go(page, '');
  const clicks = clicker(page);
  await clicks.press('nav a:has-text("Providers")');
  await clicks.press('main a:has-text("GitHub")');
  await page.fill('#key', 'client-of-the-pages');
  await page.fill('#secret', SECRET);
  await page.fill('#callback', `${FRONT}\nhttps://staging.app.example/cb`);
  await clicks.press('button:has-text("Save and enable")');
  await page.waitForSelector('.flash.good');
  console.log(`clicks: enable a provider ${clicks.count()} and its fields`);
  assert.ok(clicks.count() <= 3);
  const { status, to } = await connect('github');
  assert.equal(status, 302);
  assert.equal(new URL(to).searchParams.get('client_id'), 'client-of-the-pages');
  assert.deepEqual((await read('github')).callback, [FRONT, 'https://staging.app.example/cb']);
  // The secret went in, and does not come out.
  assert.equal(await page.inputValue('#secret'), '');
  assert.ok(!(await page.content()).includes(SECRET));
  assert.match(await page.textContent('#secret-hint'), /There is one/);
  await send(page, 'nav a:has-text("Log of changes")');
  await page.locator('details summary').first().click();
  const entry = await page.textContent('tbody tr');
  assert.match(entry, /changed the provider github[\s\S]*secret[\s\S]*\*\*\*/);
  assert.ok(!entry.includes(SECRET));
  await go(page, '/providers/github');
  await send(page, 'button:has-text("Save and disable")');
  assert.equal((await connect('github')).status, 400);
  assert.equal((await read('github')).secret, '***');
  assert.deepEqual(page.faults, []);
});

test('the application is registered where its provider says', async () => {
  const page = await signedIn();
  await go(page, '/providers/discord');
  const link = page.locator('aside a:has-text("Register the application at discord.com")');
  assert.equal(await link.getAttribute('href'), 'https://discord.com/developers/applications');
  assert.equal(await link.getAttribute('rel'), 'noreferrer');
  // What was typed stays: the other page opens beside this one.
  assert.equal(await link.getAttribute('target'), '_blank');
  assert.equal(await page.locator('h1 .dot').evaluate((dot) => getComputedStyle(dot).color), 'rgb(255, 255, 255)');
  assert.deepEqual(page.faults, []);
});

test('the redirect URL is copied, and stands there without scripts', async () => {
  const page = await signedIn();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await go(page, '/providers/discord');
  const { redirectUri } = await read('discord');
  await page.click('[data-copy]');
  await page.waitForSelector('[data-copy]:has-text("Copied")');
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), redirectUri);
  const plain = await signedIn({ javaScriptEnabled: false });
  await go(plain, '/providers/discord');
  assert.ok((await plain.textContent('aside code')).includes(redirectUri));
  assert.equal(await plain.locator('[data-copy]').isVisible(), false);
  await plain.fill('#key', 'without-scripts');
  await send(plain, '.savebar button');
  assert.equal((await read('discord')).key, 'without-scripts');
  assert.deepEqual(page.faults, []);
});

test('of two administrators who save the same provider the second is told and nothing is lost', async () => {
  const [one, two] = [await signedIn(), await signedIn()];
  await Promise.all([go(one, '/providers/reddit'), go(two, '/providers/reddit')]);
  await one.fill('#key', 'of-one');
  await two.fill('#scope', 'identity read');
  await send(one, '.savebar button');
  await send(two, '.savebar button');
  assert.match(await two.textContent('.flash.warn'), /Somebody else changed this provider[\s\S]*“” became “of-one”/);
  await focused(two, '.flash.warn');
  assert.equal(await two.inputValue('#key'), 'of-one');
  assert.deepEqual((await read('reddit')).scope, ['identity']);
  assert.deepEqual(await everywhere(two), []);
  await send(two, '.savebar button');
  const { key, scope } = await read('reddit');
  assert.deepEqual([key, scope], ['of-one', ['identity', 'read']]);
});

test('what is wrong is told at its field, and leaving asks', async () => {
  const page = await signedIn();
  await go(page, '/providers/keycloak');
  await page.fill('#key', 'app');
  await page.fill('#subdomain', 'user@evil.example');
  await send(page, 'button:has-text("Save and enable")');
  assert.match(await page.textContent('.field .error'), /subdomain must be a host/);
  assert.equal(await page.inputValue('#subdomain'), 'user@evil.example');
  assert.equal(await page.locator('.field.wrong #subdomain').count(), 1);
  assert.deepEqual(await everywhere(page), []);
  let asked = 0;
  page.on('dialog', async (dialog) => {
    asked += dialog.type() === 'beforeunload';
    await dialog.accept();
  });
  await page.fill('#key', 'other');
  await page.click('nav a:has-text("Users")');
  await page.waitForURL(/\/users$/);
  assert.equal(asked, 1);
  assert.equal((await read('keycloak')).key, '');
});

test('a configuration is tested: discovery, keys, client', async () => {
  let issuer;
  let refusal = 'invalid_client';
  const answers = {
    '/.well-known/openid-configuration': () => ({
      issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/keys`,
    }),
    '/keys': () => ({ keys: [{ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', kid: 'one' }] }),
    '/token': () => ({ error: refusal }),
  };
  const server = createServer((request, response) => {
    const answer = answers[request.url]?.();
    response.writeHead(answer?.error ? 400 : answer ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? {}));
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  try {
    issuer = `http://127.0.0.1:${server.address().port}`;
    const settings = { key: `<img/src=x>`, secret: SECRET, issuer };
    const answer = await asAdmin('PUT', '/users-permissions/providers', { providers: { mine: settings } });
    assert.equal(answer.status, 200, answer.text);
    const page = await signedIn();
    await go(page, '/providers/mine');
    assert.equal(await page.inputValue('#key'), settings.key);
    assert.equal(await page.locator('img').count(), 0);
    await send(page, 'button:has-text("Test configuration")');
    assert.match(await page.textContent('.flash.bad'), /does not work[\s\S]*✓ Keys of[\s\S]*✗ Client: the provider refuses the client id or the secret/);
    refusal = 'invalid_grant';
    await send(page, 'button:has-text("Test configuration")');
    assert.match(await page.textContent('.flash.good'), /✓ Client: the provider takes the client id and the secret/);
    answers['/keys'] = () => undefined;
    await send(page, 'button:has-text("Test configuration")');
    assert.match(await page.textContent('.flash.bad'), /✗ Keys of/);
    refusal = EVIL;
    await send(page, 'button:has-text("Test configuration")');
    assert.equal(await page.locator('img').count(), 0);
    assert.ok((await page.textContent('.flash.bad')).includes('onerror'));
    issuer = 'http://elsewhere.example';
    await send(page, 'button:has-text("Test configuration")');
    assert.match(await page.textContent('.flash.bad'), /✗ Discovery of/);
    assert.deepEqual(page.faults, []);
    assert.deepEqual(await everywhere(page), []);
  } finally {
    server.close();
    await asAdmin('PUT', '/users-permissions/providers', { providers: { mine: null } });
  }
  assert.equal((await api('GET', '/connect/mine')).status, 400);
});

test('users are filtered by where they came from', async () => {
  const page = await signedIn();
  await go(page, '/users');
  await page.selectOption('#provider', 'github');
  await send(page, 'button:has-text("Apply")');
  assert.match(await page.textContent('.empty'), /No user matches/);
  await page.selectOption('#provider', 'local');
  await send(page, 'button:has-text("Apply")');
  assert.match(await page.textContent('tbody'), /@example\.com/);
});
