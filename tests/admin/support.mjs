// What the tests of the pages share: a browser, people, and the API to prove by.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

export const ORIGIN = process.env.ADMIN_TEST_URL;
export const ADMIN = { name: 'admin', password: 'AdminPass1' };
export const PASSWORD = 'Passw0rd!';
export const EVIL = "<img src=x onerror=fetch('//e')>";
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

let browser;
export async function open() {
  browser ??= await chromium.launch({
    executablePath: process.env.ADMIN_TEST_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  return browser;
}
export const close = async () => {
  await browser?.close();
  browser = undefined;
};

// A window in which somebody is signed in; what goes wrong in it fails the test that looks at `faults`.
export async function signedIn(options = {}, who = ADMIN) {
  const context = await (await open()).newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(error.message));
  page.on('console', (message) => {
    // A refused form is a page with a status of its own, which the browser reports as an error.
    if (message.type() === 'error' && !/status of (400|403|404|409)/.test(message.text())) page.faults.push(message.text());
  });
  page.on('dialog', (dialog) => (dialog.type() === 'beforeunload' ? undefined : page.faults.push('a dialog')));
  await page.goto(`${ORIGIN}/admin/login`);
  await page.fill('#identifier', who.name);
  await page.fill('#password', who.password);
  await Promise.all([page.waitForURL((url) => !url.pathname.endsWith('/login')), page.click('button.primary')]);
  return page;
}

export const go = (page, path) => page.goto(`${ORIGIN}/admin${path}`);

// Presses what sends a form, and waits for the page after it.
export const send = (page, target) =>
  Promise.all([page.waitForEvent('domcontentloaded'), typeof target === 'string' ? page.click(target) : target.click()]);

export async function api(method, path, body, token) {
  const answer = await fetch(`${ORIGIN}/api${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: answer.status, json, text };
}

let token;
export async function asAdmin(method, path, body) {
  token ??= (await api('POST', '/auth/local', { identifier: ADMIN.name, password: ADMIN.password })).json.jwt;
  return api(method, path, body, token);
}

export async function login(name, password = PASSWORD) {
  return (await api('POST', '/auth/local', { identifier: name, password })).json?.jwt;
}

export async function createUser(name, more = {}) {
  const answer = await asAdmin('POST', '/users', {
    username: name, email: `${name}@example.com`, password: PASSWORD, confirmed: true, ...more,
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}

export async function createRole(name, actions = []) {
  const permissions = {};
  for (const action of actions) {
    const [, unit, controller, last] = /^(.*)\.([^.]*)\.([^.]*)$/.exec(action);
    permissions[unit] ??= { controllers: {} };
    permissions[unit].controllers[controller] ??= {};
    permissions[unit].controllers[controller][last] = { enabled: true, policy: '' };
  }
  const answer = await asAdmin('POST', '/users-permissions/roles', { name, description: '', permissions });
  assert.equal(answer.status, 200, answer.text);
  return (await asAdmin('GET', '/users-permissions/roles')).json.roles.find((role) => role.name === name).id;
}

export async function holds(role, action) {
  const { json } = await asAdmin('GET', `/users-permissions/roles/${role}`);
  const [, unit, controller, last] = /^(.*)\.([^.]*)\.([^.]*)$/.exec(action);
  return json.role.permissions[unit].controllers[controller][last].enabled;
}

// Counts the clicks somebody needs.
export function clicker(page) {
  let clicks = 0;
  const press = async (target) => {
    clicks += 1;
    await (typeof target === 'string' ? page.locator(target) : target).click();
    await page.waitForLoadState('domcontentloaded');
  };
  // A list of choices is opened by one click, and chosen from by another.
  const choose = async (target, value) => {
    clicks += 2;
    await page.selectOption(target, value);
  };
  return { press, choose, count: () => clicks };
}

// The element gets the focus: by itself, for pages give it where it helps.
export const focused = (page, selector) => page.waitForFunction((selector) => document.activeElement.matches(selector), selector);

export async function violations(page) {
  // The pages' own policy refuses a script that is put in; the debugger's word counts more.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(readFileSync(AXE, 'utf8'));
  const rules = { 'target-size': { enabled: true } };
  const { violations: found } = await page.evaluate((rules) => window.axe.run(document, { iframes: false, rules }), rules);
  return found.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target} ${node.failureSummary?.split('\n')[1] ?? ''}`).slice(0, 3).join(' | ')}`);
}

export const wider = (page) => page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth));

// As `violations`, of a page as it stands, in light and dark, wide and narrow; what is wider than the window is
// one, too.
export async function everywhere(page) {
  const found = [];
  const before = page.viewportSize();
  for (const [width, height] of [[1280, 900], [390, 844]]) {
    for (const colorScheme of ['light', 'dark']) {
      await page.setViewportSize({ width, height });
      // Colours that change slowly would be looked at halfway.
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const all = await violations(page);
      const pixels = await wider(page);
      if (pixels > 0) all.push(`${pixels} px wider than the window`);
      found.push(...all.map((one) => `${colorScheme}, ${width} px: ${one}`));
    }
  }
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  return found;
}

// Every page, by a name.
export const PAGES = {
  start: '',
  roles: '/roles',
  'role-editor': '/roles/1',
  'role-new': '/roles/new',
  matrix: '/matrix',
  explain: '/explain?who=admin&method=PUT&path=/api/articles/1',
  action: '/actions/api::article.article.update',
  users: '/users',
  'user-new': '/users/new',
  user: '/users/1',
  'user-delete': '/users/1/delete',
  'e-mails': '/emails',
  'e-mail': '/emails/reset_password',
  providers: '/providers',
  provider: '/providers/github',
  settings: '/settings',
  outbox: '/outbox',
  changes: '/changes',
  missing: '/nothing',
};
