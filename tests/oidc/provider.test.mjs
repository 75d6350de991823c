// Access tokens of a real OpenID provider, accepted through discovery, before and after it rotates its keys.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import Provider from 'oidc-provider';

const program = process.env.OIDC_TEST_PROGRAM;
assert.ok(program, 'OIDC_TEST_PROGRAM is not set; start the tests with tests/oidc/run');

const AUDIENCE = 'https://api.example.com';
const OTHER = 'https://other.example.com';
const CLIENT = { client_id: 'machine', client_secret: 'a-secret-of-the-tests' };
/** Milliseconds that one answer may take. */
const PATIENCE = 20_000;
const NO_USER = 'This needs a user account, and the token belongs to none';

/** The provider of the moment; its server stays when it is replaced. */
let handler;
let server;
let issuer;
let directory;
let app;
let api;

/** A provider with these keys, the first of which signs. */
function provide(keys, alg) {
  const provider = new Provider(issuer, {
    jwks: { keys },
    clients: [
      {
        ...CLIENT,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        id_token_signed_response_alg: alg,
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, audience) => ({
          scope: 'articles:read articles:write',
          audience,
          accessTokenTTL: 600,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg } },
        }),
      },
    },
  });
  handler = provider.callback();
}

async function token(resource = AUDIENCE) {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      ...CLIENT,
      grant_type: 'client_credentials',
      scope: 'articles:write',
      resource,
    }),
    signal: AbortSignal.timeout(PATIENCE),
  });
  const body = await response.json();
  assert.equal(response.status, 200, JSON.stringify(body));
  return body.access_token;
}

async function get(path, bearer) {
  const headers = bearer ? { authorization: `Bearer ${bearer}` } : {};
  const response = await fetch(`${api}${path}`, {
    headers,
    signal: AbortSignal.timeout(PATIENCE),
  });
  return { status: response.status, body: await response.json() };
}

/** Good, though of no user. */
async function assertGood(bearer) {
  const me = await get('/users/me', bearer);
  assert.deepEqual([me.status, me.body.error.message], [403, NO_USER]);
  assert.equal((await get('/articles', bearer)).status, 200);
}

async function assertRefused(bearer) {
  for (const path of ['/users/me', '/articles']) {
    assert.equal((await get(path, bearer)).status, 401, path);
  }
}

const kidOf = (bearer) => JSON.parse(Buffer.from(bearer.split('.')[0], 'base64url')).kid;

/** Of these tests alone; the last one calls itself as the third does. */
const { first, second, third, stranger } = JSON.parse(
  await readFile(new URL('keys.json', import.meta.url), 'utf8'),
);

before(async () => {
  server = createServer((request, response) => handler(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  issuer = `http://127.0.0.1:${server.address().port}`;
  provide([first], 'RS256');
  directory = await mkdtemp(join(tmpdir(), 'up-oidc.'));
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address();
  free.close();
  await once(free, 'close');
  api = `http://127.0.0.1:${port}/api`;
  app = spawn(program, {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      HOST: '127.0.0.1',
      PORT: String(port),
      DATABASE_URL: `sqlite://${directory}/app.db`,
      JWT_SECRET: 'a-secret-of-the-oidc-tests-only-0123456789',
      UP_TRUSTED_ISSUERS: JSON.stringify([
        { issuer, audience: AUDIENCE, keyAge: 1, unknownKeyPause: 0 },
      ]),
      UP_ADMIN_EMAIL: 'admin@example.com',
      UP_ADMIN_PASSWORD: 'AdminPass1',
      UP_PASSWORD_POLICY: 'strapi',
      UP_BCRYPT_COST: '4',
      RUST_LOG: 'error',
    },
  });
  const patience = { signal: AbortSignal.timeout(PATIENCE) };
  const [said] = await Promise.race([
    once(app.stdout, 'data', patience),
    once(app, 'exit', patience),
  ]);
  assert.match(String(said), /^listening on /);
  app.stdout.resume();
});

after(async () => {
  app?.kill();
  server?.close();
  server?.closeAllConnections();
  if (directory) await rm(directory, { recursive: true, force: true });
});

test('its tokens are good before and after a rotation, and end with their key', async () => {
  const old = await token();
  assert.equal(kidOf(old), 'first');
  await assertGood(old);
  provide([second, first], 'RS256');
  const fresh = await token();
  assert.equal(kidOf(fresh), 'second');
  await assertGood(fresh);
  await assertGood(old);
  provide([third], 'ES256');
  const other = await token();
  assert.equal(kidOf(other), 'third');
  await assertGood(other);
  // The keys that are gone are noticed with the next reading.
  for (let tries = 0; tries < 100 && (await get('/users/me', old)).status !== 401; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await assertRefused(old);
  await assertRefused(fresh);
});

test('its tokens for somebody else are refused', async () => {
  provide([third], 'ES256');
  await assertGood(await token());
  await assertRefused(await token(OTHER));
});

test('a key of the same name is not its key', async () => {
  provide([third], 'ES256');
  await assertGood(await token());
  provide([stranger], 'ES256');
  const forged = await token();
  provide([third], 'ES256');
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await assertGood(await token());
  await assertRefused(forged);
});

test('what is changed is refused', async () => {
  provide([third], 'ES256');
  const good = await token();
  const [header, payload, signature] = good.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url'));
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  await assertRefused([header, part({ ...claims, sub: 'admin' }), signature].join('.'));
  await assertRefused([part({ alg: 'none', kid: 'third' }), payload, ''].join('.'));
  await assertRefused([header, payload, ''].join('.'));
});

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token signed by a private key of the tests, as the provider would. */
function signed(jwk, header, claims) {
  const input = `${encoded(header)}.${encoded(claims)}`;
  const key = { key: createPrivateKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' };
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
}

test('what its own key signs is still read: iss, exp, nbf, kid', async () => {
  provide([first, third], 'RS256');
  await assertGood(await token());
  const [header, claims] = (await token())
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url')));
  const now = Math.floor(Date.now() / 1000);
  // As it is, so that what follows is refused for what is changed.
  await assertGood(signed(first, header, claims));
  await assertGood(signed(third, { ...header, alg: 'ES256', kid: 'third' }, claims));
  const forged = {
    'another issuer': signed(first, header, { ...claims, iss: 'https://other.example.com' }),
    'a name that only begins like it': signed(first, header, { ...claims, iss: `${issuer}/` }),
    expired: signed(first, header, { ...claims, iat: now - 700, exp: now - 60 }),
    'not yet': signed(first, header, { ...claims, nbf: now + 60 }),
    'a key nobody has': signed(first, { ...header, kid: 'nobody' }, claims),
    'a key of somebody else': signed(stranger, { ...header, alg: 'ES256', kid: 'third' }, claims),
  };
  for (const [name, bearer] of Object.entries(forged)) {
    assert.equal((await get('/users/me', bearer)).status, 401, name);
    await assertRefused(bearer);
  }
});

test('a public key is no secret', async () => {
  provide([first], 'RS256');
  const good = await token();
  await assertGood(good);
  const [, payload] = good.split('.');
  const key = createPublicKey({ key: first, format: 'jwk' });
  const input = `${encoded({ alg: 'HS256', kid: 'first', typ: 'at+jwt' })}.${payload}`;
  for (const type of ['spki', 'pkcs1']) {
    for (const format of ['pem', 'der']) {
      const secret = key.export({ type, format });
      const mac = createHmac('sha256', secret).update(input).digest('base64url');
      await assertRefused(`${input}.${mac}`);
    }
  }
});
