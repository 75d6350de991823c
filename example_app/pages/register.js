import { call, signIn } from '/pages/api.js';
import { onSubmit, say } from '/pages/form.js';

const form = document.querySelector('#register');
onSubmit(form, async (fields) => {
  const answer = await call('POST', '/auth/local/register', fields);
  if (answer.jwt) {
    signIn(answer);
    location.assign('/pages/profile');
    return;
  }
  form.hidden = true;
  say(`Open the link that was mailed to ${answer.user.email}, and sign in.`);
});
