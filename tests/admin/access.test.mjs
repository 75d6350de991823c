// Everybody can use the pages: axe on each, light, dark and narrow; by keyboard alone.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PAGES, api, asAdmin, close, createRole, createUser, go, holds, open, signedIn, violations } from './support.mjs';

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
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wider > 0) found.push(`${where}: ${wider} px wider than the window`);
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
  await page.waitForSelector('.flash.good');
  assert.equal(await holds(role, 'api::article.article.update'), true);

  const { json: [user] } = await asAdmin('GET', '/users?filters[username]=access-user');
  await go(page, '/users?q=access-user');
  await tabTo(page, `button[name=unblock][value="${user.id}"]`);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.flash.good');
  assert.equal((await asAdmin('GET', `/users/${user.id}`)).json.blocked, false);
});

test('every page can be left and every control reached by Tab', async () => {
  const page = await signedIn();
  for (const path of Object.values(PAGES)) {
    await go(page, path);
    const wanted = await page.evaluate(() => {
      const shown = (element) => element.checkVisibility() && !element.disabled && element.tabIndex >= 0;
      return [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')].filter(shown).length;
    });
    const reached = new Set();
    // Day, month, year and calendar of a date are a stop each.
    const parts = 3 * (await page.locator('input[type=date]').count());
    await page.evaluate(() => document.activeElement.blur());
    for (let presses = 0; presses < Math.min(wanted, 60) + parts + 3; presses += 1) {
      await page.keyboard.press('Tab');
      reached.add(await page.evaluate(() => {
        const all = [...document.querySelectorAll('*')];
        return all.indexOf(document.activeElement);
      }));
    }
    assert.ok(reached.size >= Math.min(wanted, 60) - 2, `${path}: ${reached.size} of ${wanted}`);
  }
});
