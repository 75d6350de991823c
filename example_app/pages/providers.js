// Signing in with, and linking, a provider: off to it, and what is kept for the way back.

const NAMES = { cas: 'CAS', github: 'GitHub', linkedin: 'LinkedIn', vk: 'VK' };
const place = (provider) => `connect:${provider}`;

/** A provider as people call it. */
export const nameOf = (provider) => NAMES[provider] ?? provider.charAt(0).toUpperCase() + provider.slice(1);

/** The providers there are buttons for. */
export async function providers() {
  const answer = await fetch('/pages/providers.json');
  return answer.ok ? answer.json() : [];
}

/** A button that goes to a provider, `purpose` being `login` or `link`. */
export function button(provider, purpose, failed) {
  const item = document.createElement('li');
  const press = document.createElement('button');
  press.type = 'button';
  press.textContent = purpose === 'link' ? `Link ${nameOf(provider)}` : nameOf(provider);
  press.addEventListener('click', () => depart(provider, purpose).catch((error) => failed(error.message)));
  item.append(press);
  return item;
}

// Only whoever has the verifier can use what the provider's answer is good for (PKCE, RFC 7636).
async function depart(provider, purpose) {
  if (!window.crypto.subtle) throw new Error('Providers need https, or localhost.');
  const verifier = base64Url(crypto.getRandomValues(new Uint8Array(32)));
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  sessionStorage.setItem(place(provider), JSON.stringify({ verifier, purpose }));
  const query = new URLSearchParams({ code_challenge: base64Url(new Uint8Array(digest)), code_challenge_method: 'S256' });
  location.assign(`/api/connect/${encodeURIComponent(provider)}?${query}`);
}

/** What was kept when this tab left for the provider; once. */
export function departed(provider) {
  const kept = sessionStorage.getItem(place(provider));
  sessionStorage.removeItem(place(provider));
  return kept && JSON.parse(kept);
}

const base64Url = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
