import { call, signIn } from '/pages/api.js';
import { complain, onSubmit } from '/pages/form.js';

const code = new URLSearchParams(location.search).get('code');
// Out of the address bar and the history: it opens an account.
history.replaceState(null, '', location.pathname);
if (!code) complain('Open this page by the link that was mailed.');

onSubmit(document.querySelector('#reset'), async (fields) => {
  signIn(await call('POST', '/auth/reset-password', { code, ...fields }));
  location.assign('/pages/profile');
});
