// An example_app of a test's own, with other settings than the one everybody shares.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = process.env.SDK_TEST_PROGRAM;
assert.ok(program, 'SDK_TEST_PROGRAM is not set; start the tests with tests/sdk/run');

async function freePort() {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address();
  listener.close();
  await once(listener, 'close');
  return port;
}

/** Starts it with these settings; answers its `url` and how to `stop` it. */
export async function startApp(settings) {
  const directory = await mkdtemp(join(tmpdir(), 'up-sdk-app.'));
  // Another process may take the port first: the app ends then, and is started on another one.
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const port = await freePort();
    const app = spawn(program, {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {
        HOST: '127.0.0.1',
        PORT: String(port),
        DATABASE_URL: `sqlite://${directory}/app.db`,
        JWT_SECRET: 'a-secret-of-the-sdk-tests-only-0123456789',
        UP_ADMIN_EMAIL: 'admin@example.com',
        UP_ADMIN_PASSWORD: 'AdminPass1',
        UP_PASSWORD_POLICY: 'strapi',
        UP_BCRYPT_COST: '4',
        UP_RATELIMIT: '{"enabled":false}',
        ...settings,
      },
    });
    const [said] = await Promise.race([once(app.stdout, 'data'), once(app, 'exit')]);
    if (String(said).startsWith('listening on ')) {
      app.stdout.resume();
      const stop = async () => {
        if (app.exitCode === null) {
          app.kill();
          await once(app, 'exit');
        }
        await rm(directory, { recursive: true, force: true });
      };
      return { url: `http://127.0.0.1:${port}`, stop };
    }
  }
  return assert.fail('the app does not start');
}
