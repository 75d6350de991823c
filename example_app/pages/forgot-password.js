import { call } from '/pages/api.js';
import { onSubmit, say } from '/pages/form.js';

onSubmit(document.querySelector('#forgot'), async (fields) => {
  await call('POST', '/auth/forgot-password', fields);
  say('If the address has an account, a link is on its way to it.');
});
