// Signing in with, and linking, a provider: off to it, and what is kept for the way back.

const place = (name) => `connect:${name}`;

/** What people call a provider that may be none of the known ones any more. */
export const nameOf = (name, known = []) =>
  known.find((one) => one.name === name)?.displayName ?? name.charAt(0).toUpperCase() + name.slice(1);

/** The providers that can be signed in with: `name`, `displayName`, `icon`. */
export async function providers() {
  const answer = await fetch('/pages/providers.json');
  return answer.ok ? answer.json() : [];
}

/** A button that goes to a provider, `purpose` being `login` or `link`. */
export function button(provider, purpose, failed) {
  const item = document.createElement('li');
  const press = document.createElement('button');
  press.type = 'button';
  press.textContent = purpose === 'link' ? `Link ${provider.displayName}` : provider.displayName;
  press.addEventListener('click', () => depart(provider, purpose).catch((error) => failed(error.message)));
  item.append(press);
  return item;
}

// Only whoever has the verifier can use what the provider's answer is good for (PKCE, RFC 7636).
async function depart({ name, displayName }, purpose) {
  if (!window.crypto.subtle) throw new Error('Providers need https, or localhost.');
  const verifier = base64Url(crypto.getRandomValues(new Uint8Array(32)));
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  sessionStorage.setItem(place(name), JSON.stringify({ verifier, purpose, displayName }));
  const query = new URLSearchParams({ code_challenge: base64Url(new Uint8Array(digest)), code_challenge_method: 'S256' });
  location.assign(`/api/connect/${encodeURIComponent(name)}?${query}`);
}

/** What was kept when this tab left for the provider; once. */
export function departed(name) {
  const kept = sessionStorage.getItem(place(name));
  sessionStorage.removeItem(place(name));
  return kept && JSON.parse(kept);
}

const base64Url = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
