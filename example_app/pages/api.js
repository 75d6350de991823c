// Calls of the API, and the token they are made with.
//
// The token is this tab's. Where the server keeps sessions (`UP_JWT_MANAGEMENT=refresh`) it lives for minutes and
// is renewed by a cookie that scripts cannot read; elsewhere there is nothing to renew it by, and it is for a tab too.

const KEY = 'token';

/** What the API refused: `status`, `message`, and the `fields` it names with the text for each. */
export class Refused extends Error {
  constructor(status, error) {
    super(error?.message ?? 'The server cannot be reached.');
    this.status = status;
    const named = (error?.details?.errors ?? []).filter((one) => one.path?.length);
    this.fields = new Map(named.map((one) => [String(one.path[0]), one.message]));
  }
}

/** Keeps the token of a login. */
export function signIn({ jwt }) {
  sessionStorage.setItem(KEY, jwt);
}

/** Forgets it. */
export function forget() {
  sessionStorage.removeItem(KEY);
}

/** Asks the API as somebody, or as nobody. */
export async function call(method, path, body, token) {
  const headers = { accept: 'application/json', 'x-strapi-refresh-cookie': 'httpOnly' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (token) headers.authorization = `Bearer ${token}`;
  let answer;
  try {
    answer = await fetch(`/api${path}`, { method, headers, body: body && JSON.stringify(body), cache: 'no-store' });
  } catch {
    throw new Refused(0);
  }
  const json = await answer.json().catch(() => undefined);
  if (!answer.ok) throw new Refused(answer.status, json?.error);
  return json;
}

/** Asks the API as whoever is signed in; a token that has ended is renewed once. */
export async function callAsMe(method, path, body) {
  const token = sessionStorage.getItem(KEY);
  if (token) {
    try {
      return await call(method, path, body, token);
    } catch (error) {
      if (error.status !== 401) throw error;
    }
  }
  return call(method, path, body, await renewed(token));
}

// A cookie is good for one renewal: one after the other, in this tab and in all.
function renewed(ended) {
  return navigator.locks.request('renewal', async () => {
    const current = sessionStorage.getItem(KEY);
    if (current && current !== ended) return current;
    forget();
    try {
      signIn(await call('POST', '/auth/refresh', {}));
    } catch (error) {
      // Without a session, or without sessions at all: 401, 400, 404.
      throw error.status >= 400 && error.status < 429 ? new SignedOut() : error;
    }
    return sessionStorage.getItem(KEY);
  });
}

/** Nobody is signed in. */
export class SignedOut extends Error {}
