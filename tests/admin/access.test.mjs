// Everybody can use the pages: axe on each, light, dark and narrow; by keyboard alone.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  PAGES, api, asAdmin, close, createRole, createUser, focused, go, holds, open, send, signedIn, violations, wider,
} from './support.mjs';

const PING = 'api::article.article.ping';
let role;
before(async () => {
  role = await createRole('Access editor', [PING]);
  await createUser('access-user', { role, blocked: true });
  await api('POST', '/auth/forgot-password', { email: 'admin@example.com' });
});
after(close);

for (const [name, options] of [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['narrow, light', { colorScheme: 'light', viewport: { width: 390, height: 844 } }],
  ['narrow, dark', { colorScheme: 'dark', viewport: { width: 390, height: 844 } }],
]) {
  test(`axe finds nothing: ${name}`, async () => {
    const page = await signedIn(options);
    page.on('dialog', (dialog) => dialog.accept());
    const found = [];
    const look = async (where) => {
      found.push(...(await violations(page)).map((one) => `${where}: ${one}`));
      const pixels = await wider(page);
      if (pixels > 0) found.push(`${where}: ${pixels} px wider than the window`);
    };
    for (const [where, path] of Object.entries({ ...PAGES, 'role-delete': `/roles/${role}/delete` })) {
      await go(page, path);
      if (where === 'role-editor') {
        const box = page.locator('.act input:not(:checked)').first();
        await box.check();
        await page.waitForSelector('#panel .method');
      }
      if (where === 'changes') await page.locator('details summary').first().click();
      await look(where);
    }
    await go(page, `/roles/${role}`);
    await page.fill('#name', 'ab');
    await page.locator('#name').evaluate((field) => field.removeAttribute('minlength'));
    await page.click('.savebar button');
    await page.waitForSelector('.flash.bad');
    await look('role with an error');
    const out = await (await (await open()).newContext(options)).newPage();
    for (const path of ['/login', '/setup?token=abc']) {
      await go(out, path);
      found.push(...(await violations(out)).map((one) => `${path}: ${one}`));
    }
    assert.deepEqual(found, []);
  });
}

// Presses Tab until the wanted element has the focus, and is seen to have it.
async function tabTo(page, selector, most = 120) {
  for (let presses = 0; presses < most; presses += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate((wanted) => {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      return { hit: element.matches(wanted), seen: style.outlineStyle !== 'none', name: element.outerHTML.slice(0, 90) };
    }, selector);
    if (at.hit) {
      assert.ok(at.seen, `no focus to be seen on ${at.name}`);
      return presses + 1;
    }
  }
  throw new Error(`${selector} is not reached by ${most} tabs`);
}

test('a right is granted and a user blocked by keyboard alone', async () => {
  const context = await (await open()).newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await go(page, '/login');
  await page.keyboard.type('admin');
  await page.keyboard.press('Tab');
  await page.keyboard.type('AdminPass1');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/admin$/);
  await tabTo(page, 'nav a[href$="/roles"]');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/roles$/);
  // The skip link leads past the menu.
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
  await page.keyboard.press('Enter');
  await tabTo(page, `a[href$="/roles/${role}"]`);
  await page.keyboard.press('Enter');
  await page.waitForURL(new RegExp(`/roles/${role}$`));
  await tabTo(page, '#filter');
  await page.keyboard.type('article.update');
  await page.waitForFunction(() => document.querySelectorAll('.act:not([hidden])').length === 1);
  await tabTo(page, '.act input', 10);
  await page.keyboard.press('Space');
  await page.waitForSelector('#panel .method');
  await tabTo(page, '.savebar button', 10);
  await page.keyboard.press('Enter');
  await focused(page, '.flash.good');
  assert.equal(await holds(role, 'api::article.article.update'), true);

  const { json: [user] } = await asAdmin('GET', '/users?filters[username]=access-user');
  await go(page, '/users?q=access-user');
  await tabTo(page, `button[name=unblock][value="${user.id}"]`);
  await page.keyboard.press('Enter');
  await focused(page, '.flash.good');
  assert.equal((await asAdmin('GET', `/users/${user.id}`)).json.blocked, false);
});

// Presses Tab from the first stop of a page on, until it comes again or the focus leaves the page; tells what
// can be used and never had the focus.
async function unreached(page) {
  await page.evaluate(() => {
    const usable = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
    const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.matches(':disabled') && element.tabIndex >= 0;
    window.wanted = [...document.querySelectorAll(usable)].filter(shown);
    window.stops = [];
    document.addEventListener('focusin', ({ target }) => window.stops.push(target));
    document.querySelector('.skip').focus();
  });
  for (let presses = 0; presses < 5_000; presses += 20) {
    for (let press = 0; press < 20; press += 1) await page.keyboard.press('Tab');
    const over = await page.evaluate(() => {
      const [first, ...others] = window.stops;
      return others.includes(first) || document.activeElement === document.body;
    });
    if (over) {
      return page.evaluate(() => {
        const reached = new Set(window.stops);
        return window.wanted.filter((element) => !reached.has(element)).map((element) => element.outerHTML.slice(0, 120));
      });
    }
  }
  throw new Error('the focus neither comes round nor leaves the page');
}

test('every page can be left and every control reached by Tab', async () => {
  const page = await signedIn();
  const paths = { ...PAGES, 'role that may be changed': `/roles/${role}`, 'role-delete': `/roles/${role}/delete` };
  for (const [where, path] of Object.entries(paths)) {
    await go(page, path);
    assert.deepEqual(await unreached(page), [], where);
    assert.ok((await page.evaluate(() => window.wanted.length)) > 5, where);
  }
});

test('what a page has to say has the focus: the message of a save, or the first field that is wrong', async () => {
  const page = await signedIn();
  await go(page, '/settings');
  await page.fill('#redirection', 'https://app.example/welcome');
  await send(page, '.savebar button');
  await focused(page, '.flash.good');
  await page.fill('#reset', 'javascript://x');
  await send(page, '.savebar button');
  await focused(page, '#reset');
  assert.equal(await page.locator('.field.wrong').count(), 1);
  await page.fill('#reset', '');
  await page.fill('#redirection', '');
  await send(page, '.savebar button');
  await focused(page, '.flash.good');
  // Whoever has signed out will want to type.
  await send(page, 'button:has-text("Sign out")');
  assert.match(await page.textContent('.flash.good'), /signed out/);
  await focused(page, '#identifier');
});
