// A mail server of the tests' own: takes what it is told to take.

import { createServer } from 'node:net';

// The parts of a mail as somebody reads them: quoted-printable and base64 are undone.
function decoded(source) {
  const parts = source.split(/\r\n--/).map((part) => {
    const [head, ...body] = part.split('\r\n\r\n');
    const text = body.join('\r\n\r\n');
    if (/transfer-encoding: base64/i.test(head)) return Buffer.from(text, 'base64').toString();
    if (!/transfer-encoding: quoted-printable/i.test(head)) return text;
    const bytes = text.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
    return Buffer.from(bytes, 'latin1').toString();
  });
  return parts.join('\n');
}

export async function startSmtp(port) {
  const mails = [];
  const smtp = { mails, refuses: false };
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.setEncoding('latin1');
    socket.on('error', () => undefined);
    let rest = '', to, inside;
    const say = (line) => socket.write(`${line}\r\n`);
    say('220 mails of the tests');
    socket.on('data', (chunk) => {
      rest += chunk;
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (inside !== undefined) {
          if (line === '.') {
            mails.push({ to, text: decoded(inside) });
            inside = undefined;
            say('250 taken');
          } else inside += `${line.replace(/^\.\./, '.')}\r\n`;
        } else if (/^(EHLO|HELO)/i.test(line)) say('250 mails of the tests');
        else if (/^RCPT/i.test(line)) {
          to = /<(.*)>/.exec(line)[1];
          say(smtp.refuses ? '550 nobody of this name' : '250 known');
        } else if (/^DATA/i.test(line)) {
          inside = '';
          say('354 go on');
        } else if (/^QUIT/i.test(line)) {
          say('221 bye');
          socket.end();
        } else say('250 well');
      }
    });
  });
  await new Promise((ready, failed) => server.once('error', failed).listen(port, '127.0.0.1', ready));
  const stop = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return Object.assign(smtp, { stop });
}

// What comes of it, once it does; fails where nothing does.
export async function eventually(what, look, patience = 20_000) {
  const until = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > until) throw new Error(`it never came: ${what}`);
    await new Promise((next) => setTimeout(next, 50));
  }
}
