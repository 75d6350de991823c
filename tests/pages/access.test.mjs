// Everybody can use the pages: by keyboard alone, axe on each, light, dark and narrow; and nothing runs that is not theirs.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PASSWORD, alertOf, atProfile, close, open, register, send, start, violations } from './support.mjs';

const PAGES = ['login', 'register', 'forgot-password', 'reset-password?code=abc', 'profile'].map((name) => `/pages/${name}`);
PAGES.push('/connect/acme/redirect?error=x');
let app;
before(async () => {
  app = await start('refresh');
});
after(async () => {
  await close();
  await app?.stop();
});

for (const [name, options] of [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['narrow', { colorScheme: 'dark', viewport: { width: 320, height: 640 } }],
]) {
  test(`axe finds nothing: ${name}`, async () => {
    const page = await open(options);
    await register(page, app.url, `axe-${name}`);
    const found = [];
    const look = async (where) => {
      found.push(...(await violations(page)).map((one) => `${where}: ${one}`));
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wider > 0) found.push(`${where}: ${wider} px wider than the window`);
    };
    for (const path of PAGES) {
      await page.goto(`${app.url}${path}`);
      if (path === '/pages/profile') await page.locator('#sessions li').first().waitFor();
      if (path === '/pages/login') await page.getByRole('button', { name: 'Acme' }).waitFor();
      await look(path);
      if ((await page.locator('form:visible').count()) === 0) continue;
      await send(page, {});
      await alertOf(page);
      await look(`${path} with errors`);
    }
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(background, options.colorScheme === 'dark' ? 'rgb(18, 23, 24)' : 'rgb(246, 247, 247)');
    assert.deepEqual(found, []);
  });
}

// Presses Tab until the wanted element has the focus, and is seen to have it.
async function tabTo(page, target) {
  const element = await target.elementHandle();
  for (let presses = 0; presses < 30; presses += 1) {
    const at = await page.evaluate((wanted) => {
      const seen = getComputedStyle(document.activeElement).outlineStyle !== 'none';
      return { hit: document.activeElement === wanted, seen };
    }, element);
    if (at.hit) {
      assert.ok(at.seen, 'no focus to be seen');
      return;
    }
    await page.keyboard.press('Tab');
  }
  assert.fail(`not reached: ${target}`);
}

test('register, sign in, see the profile and sign out by keyboard alone', async () => {
  const page = await open();
  const type = async (...values) => {
    for (const [place, value] of values.entries()) {
      if (place > 0) await page.keyboard.press('Tab');
      await page.keyboard.type(value);
    }
    await page.keyboard.press('Enter');
  };
  const focused = (id) => page.waitForFunction((wanted) => document.activeElement.id === wanted, id);
  await page.goto(`${app.url}/pages/login`);
  await focused('identifier');
  await page.getByRole('button', { name: 'Acme' }).waitFor();
  await tabTo(page, page.getByRole('link', { name: 'Make an account' }));
  await page.keyboard.press('Enter');
  await page.waitForURL('**/register');
  await focused('username');
  await type('keys', 'keys@example.com', PASSWORD);
  await atProfile(page, 'keys');
  await tabTo(page, page.getByRole('button', { name: 'Sign out', exact: true }));
  await page.keyboard.press('Space');
  await page.waitForURL('**/login');
  await focused('identifier');
  await type('keys', 'wrong');
  await alertOf(page);
  // The focus is where one goes on.
  await focused('identifier');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Control+A');
  await type(PASSWORD);
  await atProfile(page, 'keys');
  // To the provider and back, where nothing is left to do but to press.
  await tabTo(page, page.getByRole('button', { name: 'Link Acme' }));
  await page.keyboard.press('Enter');
  await page.waitForURL(`${app.issuer}/interaction/**`);
  await tabTo(page, page.locator('input[name=login]'));
  await type('keys-at-acme', 'whatever');
  await tabTo(page, page.getByRole('button', { name: 'Continue' }));
  await page.keyboard.press('Enter');
  await page.waitForURL('**/connect/acme/redirect');
  await focused('currentPassword');
  await type(PASSWORD);
  await page.waitForURL('**/profile');
  await tabTo(page, page.getByRole('button', { name: 'Unlink: Acme' }));
  assert.deepEqual(page.faults, []);
});

test('the policy lets nothing in that is inline or from elsewhere, and nothing is', async () => {
  for (const path of PAGES) {
    const answer = await fetch(`${app.url}${path}`);
    assert.equal(answer.status, 200, path);
    const policy = answer.headers.get('content-security-policy');
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    const html = await answer.text();
    assert.doesNotMatch(html, /<script(?![^>]*\ssrc="\/pages\/)|<style|\sstyle=|\son\w+=|https?:\/\//, path);
  }
  const page = await open();
  await page.goto(`${app.url}/pages/login`);
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.body.append(script);
    document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="window.ran = true">');
  });
  await page.waitForTimeout(200);
  assert.equal(await page.evaluate(() => window.ran), undefined);
  const missing = await fetch(`${app.url}/pages/..%2fmain.rs`);
  assert.equal(missing.status, 404);
});
