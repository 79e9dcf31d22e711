// A poolproof driver: reads requests, a JSON object a line, and says what the client did.
// Look for TODO. After each step `poolproof driver lint` tells what is still missing.

import { isUtf8 } from 'node:buffer';
import { createInterface } from 'node:readline';

// TODO hello: your client, and what it can do. Claim a feature or a setting once it is written.
const about = {
  protocol: 1,
  client: { name: 'my-client', version: '0', language: 'JavaScript', runtime: `Node.js ${process.version}` },
  variants: [{ name: 'pool', style: 'pool', features: [], settings: [] }],
};

let client;
const aborts = new Map();

const verbs = {
  __proto__: null,

  hello: () => about,

  // TODO open: make your client. At most settings.max_size connections.
  async open({ host, port, settings }) {
    throw new Error('open: not written yet');
  },

  // TODO call: send the command, a list of strings, and return the reply. Each call is a caller of its own.
  // When `signal` is aborted, the caller waits no longer. If your client can do that, name the feature "cancel".
  async call({ command }, signal) {
    throw new Error('call: not written yet');
    // return { value: plain(await client.send(command, { signal })) };
  },

  // TODO close: close your client, and return when it is closed.
  async close() {
    throw new Error('close: not written yet');
  },

  cancel: ({ target }) => aborts.get(target)?.abort(),

  bye: () => {},
};

// TODO kinds: what the protocol calls the errors of your client. "other" is never wrong, only less telling.
function kindOf(error) {
  if (error?.name === 'AbortError') return 'cancelled';
  return 'other';
}

// A reply as JSON has it. Text that is not UTF-8 becomes base64, a map a list of pairs.
function plain(value) {
  if (Buffer.isBuffer(value)) return isUtf8(value) ? value.toString() : { b64: value.toString('base64') };
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return [...value].map(plain);
  if (value && typeof value === 'object') return Object.entries(value).map(plain);
  return value ?? null;
}

function say(message, done) {
  process.stdout.write(`${JSON.stringify(message)}\n`, done);
}

async function serve(line) {
  const request = JSON.parse(line);
  const { id, do: verb } = request;
  if (!verbs[verb]) return say({ id, ok: false, kind: 'unsupported' }); // verbs of features
  const abort = new AbortController();
  aborts.set(id, abort);
  try {
    const result = await verbs[verb](request, abort.signal);
    say({ id, ok: true, ...result }, verb === 'bye' ? () => process.exit() : undefined);
  } catch (error) {
    say({ id, ok: false, kind: kindOf(error), text: String(error?.message ?? error).replace(/\s+/g, ' ') });
  } finally {
    aborts.delete(id);
  }
}

createInterface({ input: process.stdin })
  .on('line', serve) // does not wait: each request goes its own way
  .on('close', () => process.exit());
