// Pictures of the pages for the README: light and dark, wide and narrow.

import { mkdirSync } from 'node:fs';
import { PAGES, PASSWORD, api, asAdmin, close, createRole, createUser, go, open, send, signedIn } from './support.mjs';

const directory = process.argv[2];
mkdirSync(directory, { recursive: true });
const editor = await createRole('Editor', ['find', 'findOne', 'create', 'update', 'ping'].map((name) => `api::article.article.${name}`));
await asAdmin('PUT', `/users-permissions/roles/${editor}`, { description: 'Writes articles and changes them.' });
const support = await createRole('Support', ['plugin::users-permissions.admin.home', 'plugin::users-permissions.admin.findUsers']);
await asAdmin('PUT', `/users-permissions/roles/${support}`, { description: 'Looks users up.' });
for (const [name, role] of [['ann', editor], ['bob'], ['carla', editor], ['dmitri', support], ['emeka'], ['fatima'], ['goran'], ['hana'], ['ines', editor]]) {
  await createUser(name, { ...(role ? { role } : {}), blocked: name === 'goran' });
}
const ender = await createRole('Night watch', ['plugin::users-permissions.admin.endSessions']);
await asAdmin('PUT', `/users-permissions/roles/${ender}`, { description: 'Ends sessions.' });
await createUser('ivo', { role: ender });
await api('POST', '/auth/forgot-password', { email: 'ann@example.com' });
await asAdmin('PUT', '/users-permissions/providers', {
  providers: {
    github: { enabled: true, key: 'Iv1.8a61f9b3a7aba766', secret: 'of-a-picture', callback: ['https://app.example/connect/github/redirect', 'https://staging.app.example/connect/github/redirect'] },
    google: { enabled: true, key: '407408718192.apps.googleusercontent.com', secret: 'of-a-picture', callback: 'https://app.example/connect/google/redirect' },
    keycloak: { key: 'app', subdomain: 'id.example/realms/app' },
  },
});
const pages = { ...PAGES, 'role-editor': `/roles/${editor}`, user: '/users/2', explain: '/explain?who=ann&method=PUT&path=/api/articles/1', 'role-delete': `/roles/${support}/delete` };
delete pages.missing;
for (const [width, height] of [[1280, 900], [390, 844]]) {
  for (const colorScheme of ['light', 'dark']) {
    const door = await (await open()).newPage({ viewport: { width, height }, colorScheme });
    await go(door, '/login');
    await door.screenshot({ path: `${directory}/login-${width}-${colorScheme}.png` });
    await door.close();
    const page = await signedIn({ viewport: { width, height }, colorScheme });
    for (const [name, path] of Object.entries(pages)) {
      await go(page, path);
      if (name === 'role-editor' && width > 1000) {
        await page.locator('[data-text="api::article.article.delete"] input').check();
        await page.waitForSelector('#panel .method');
        await page.evaluate(() => scrollTo(0, 0));
      }
      if (name === 'changes') await page.locator('details summary').first().click();
      await page.waitForTimeout(name === 'e-mail' ? 900 : 150);
      await page.screenshot({ path: `${directory}/${name}-${width}-${colorScheme}.png` });
      page.removeAllListeners('dialog');
      page.on('dialog', (dialog) => dialog.accept());
    }
    await go(page, '/users');
    for (const name of ['bob', 'emeka', 'hana']) await page.check(`[aria-label="Select ${name}"]`);
    await send(page, 'button:has-text("Delete selected")');
    await page.screenshot({ path: `${directory}/users-delete-${width}-${colorScheme}.png` });
    await page.context().close();
    const without = await signedIn({ viewport: { width, height }, colorScheme }, { name: 'ivo', password: PASSWORD });
    await without.screenshot({ path: `${directory}/nothing-${width}-${colorScheme}.png` });
    await without.context().close();
  }
}
await close();
