// What the tests of the pages share: the application with a provider beside it, and a browser.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Provider from 'oidc-provider';
import { chromium } from 'playwright-core';

const program = process.env.PAGES_TEST_PROGRAM;
assert.ok(program, 'PAGES_TEST_PROGRAM is not set; start the tests with tests/pages/run');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const PASSWORD = 'staple battery 9';
/** Both ways to manage tokens. */
export const MODES = ['legacy-support', 'refresh'];

async function listen(handler) {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${server.address().port}` };
}

async function shut(server) {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/** An OpenID provider with forms of its own, for these redirect URLs; `/front` beside it is somebody's page. */
async function startProvider(redirects) {
  let answer;
  const { server, url } = await listen((request, response) => {
    if (request.url.startsWith('/front')) response.end('a front end');
    else answer(request, response);
  });
  const provider = new Provider(url, {
    clients: Object.entries(redirects).map(([name, redirect]) => ({
      client_id: name,
      client_secret: `the-secret-of-${name}`,
      redirect_uris: [redirect],
      grant_types: ['authorization_code'],
      response_types: ['code'],
    })),
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['preferred_username'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@idp.example`, email_verified: true, preferred_username: id }),
    }),
    cookies: { keys: ['of the tests'] },
  });
  answer = provider.callback();
  return { issuer: url, stop: () => shut(server) };
}

/** The application in a token mode, with its provider; answers `url`, `issuer` and how to `stop` it. */
export async function start(mode) {
  const free = await listen();
  await shut(free.server);
  const { url } = free;
  const redirect = (name) => `${url}/api/connect/${name}/callback`;
  const provider = await startProvider({ acme: redirect('acme'), plain: redirect('plain') });
  const settings = (name, callback) => ({
    enabled: true, key: name, secret: `the-secret-of-${name}`, issuer: provider.issuer, callback,
  });
  const directory = await mkdtemp(join(tmpdir(), 'up-pages.'));
  const app = spawn(program, {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      HOST: '127.0.0.1',
      PORT: new URL(url).port,
      PUBLIC_URL: url,
      DATABASE_URL: `sqlite://${directory}/app.db`,
      JWT_SECRET: 'a-secret-of-the-pages-tests-only-0123456789',
      UP_JWT_MANAGEMENT: mode,
      UP_PROVIDERS: JSON.stringify({
        acme: settings('acme', `${url}/connect/acme/redirect`),
        plain: settings('plain', `${provider.issuer}/front`),
      }),
      UP_ADVANCED_SETTINGS: JSON.stringify({
        email_reset_password: `${url}/pages/reset-password`,
        email_confirmation_redirection: `${url}/pages/login?confirmed`,
      }),
      UP_ADMIN_EMAIL: 'admin@example.com',
      UP_ADMIN_PASSWORD: 'correct horse battery',
      UP_BCRYPT_COST: '4',
      UP_RATELIMIT: '{"enabled":false}',
      RUST_LOG: 'error',
    },
  });
  const [said] = await Promise.race([once(app.stdout, 'data'), once(app, 'exit')]);
  app.stdout.resume();
  const stop = async () => {
    if (app.exitCode === null) {
      app.kill();
      await once(app, 'exit');
    }
    await provider.stop();
    await rm(directory, { recursive: true, force: true });
  };
  if (!String(said).startsWith('listening on ')) {
    await stop();
    assert.fail('the app does not start');
  }
  return { url, issuer: provider.issuer, stop };
}

/** The application beside simulators of all providers; answers where they are, and `say`, which tells these. */
export async function startSimulated() {
  const simulated = process.env.PAGES_TEST_SIMULATED;
  assert.ok(simulated, 'PAGES_TEST_SIMULATED is not set; start the tests with tests/pages/run');
  const app = spawn(simulated, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await Promise.race([once(app.stdout, 'data'), once(app, 'exit')]);
  assert.ok(app.exitCode === null, 'the simulated app does not start');
  app.stdout.resume();
  const places = JSON.parse(String(said));
  return {
    ...places,
    async say(what, fields) {
      const answer = await fetch(`${places.simulators}/simulators/${what}?${new URLSearchParams(fields)}`);
      assert.equal(answer.status, 200);
      return answer.json();
    },
    async stop() {
      if (app.exitCode !== null) return;
      app.kill();
      await once(app, 'exit');
    },
  };
}

let browser;
export async function close() {
  await browser?.close();
  browser = undefined;
}

/** A window of somebody's own; what goes wrong in it is in `page.faults`. */
export async function open(options = {}) {
  browser ??= await chromium.launch({ executablePath: process.env.PAGES_TEST_CHROMIUM, args: ['--no-sandbox'] });
  const context = await browser.newContext(options);
  // The provider's forms ask for a font from elsewhere; our pages' policy would report it as a fault.
  await context.route(({ hostname }) => hostname !== '127.0.0.1', (route) => route.fulfill({ body: '' }));
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(error.message));
  page.on('console', (message) => {
    // The browser reports every answer that is an error; the tests ask for some.
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) page.faults.push(message.text());
  });
  return page;
}

/** Fills the fields of the page's form by their labels, and sends it. */
export async function send(page, fields) {
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value);
  await page.locator('form button').click();
}

export const shown = (page, role) => page.locator(`[role=${role}]:not(:empty)`);

/** What is said to the user: the text of the alert. */
export async function alertOf(page) {
  await shown(page, 'alert').waitFor();
  return shown(page, 'alert').textContent();
}

export async function atProfile(page, name) {
  await page.waitForURL('**/profile');
  await page.getByRole('definition').getByText(name, { exact: true }).first().waitFor();
}

export async function register(page, url, name) {
  await page.goto(`${url}/pages/register`);
  await send(page, { 'User name': name, 'E-mail': `${name}@example.com`, Password: PASSWORD });
  await atProfile(page, name);
}

export async function login(page, url, name, password = PASSWORD) {
  await page.goto(`${url}/pages/login`);
  await send(page, { 'E-mail or user name': name, Password: password });
}

/** Signs in at the provider, where it asks, and agrees. */
export async function atProvider(page, issuer, name) {
  await page.waitForURL(`${issuer}/interaction/**`);
  await page.fill('input[name=login]', name);
  await page.fill('input[name=password]', 'whatever');
  await page.click('button[type=submit]');
  await page.getByRole('button', { name: 'Continue' }).click();
}

export async function violations(page) {
  // By the debugger, for the pages' own policy lets nobody's script in.
  await page.evaluate(AXE);
  const { violations: found } = await page.evaluate(() => window.axe.run(document));
  return found.map((one) => `${one.id}: ${one.nodes.map((node) => node.target).join(' | ')}`);
}
