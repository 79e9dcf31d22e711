// A poolproof driver for ioredis. One variant: a Redis instance, whose single connection all callers share.
// Subscriptions have an instance of their own, as its README recommends. A command can't be cancelled, and
// WATCH needs a connection to itself, so neither is offered.

import { isUtf8 } from 'node:buffer';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import Redis from 'ioredis'; // 4 has no export by name

const { ReplyError } = Redis;
const { version } = createRequire(import.meta.url)('ioredis/package.json');

let client;
let subscriber;

const verbs = {
  __proto__: null,

  hello: () => ({
    protocol: 1,
    client: { name: 'ioredis', version, language: 'JavaScript', runtime: `Node.js ${process.version}` },
    variants: [
      {
        name: 'Redis',
        style: 'multiplexer',
        features: ['pipeline', 'transaction', 'subscribe'],
        settings: ['command_timeout_ms', 'connect_timeout_ms', 'password', 'database'],
        extra_connections: 1,
      },
    ],
  }),

  async open({ host, port, settings }) {
    subscriber = undefined;
    client = new Redis({
      host,
      port,
      password: settings.password,
      db: settings.database,
      commandTimeout: settings.command_timeout_ms,
      connectTimeout: settings.connect_timeout_ms,
    });
    client.on('error', log);
    await new Promise((resolve, reject) => client.once('ready', resolve).once('error', reject));
  },

  async call({ command }) {
    return { value: value(await client.callBuffer(...lower(command))) };
  },

  async batch({ commands, mode }) {
    const batch = mode === 'transaction' ? client.multi() : client.pipeline();
    for (const command of commands) batch.callBuffer(...lower(command));
    const results = await batch.exec();
    // An error of the server belongs to its command. Any other befell the batch as a whole.
    const failed = results.find(([error]) => error && !(error instanceof ReplyError));
    if (failed) throw failed[0];
    return { values: results.map(([error, reply]) => value(error ?? reply)) };
  },

  async subscribe({ id, channel, pattern }) {
    subscriber ??= client.duplicate().on('error', log);
    const tell = (data) => say({ event: 'message', of: id, data: value(data) });
    if (pattern) {
      subscriber.on('pmessageBuffer', (of, _, data) => String(of) === pattern && tell(data));
      await subscriber.psubscribe(pattern);
    } else {
      subscriber.on('messageBuffer', (of, data) => String(of) === channel && tell(data));
      await subscriber.subscribe(channel);
    }
    subscriber.once('end', () => say({ event: 'end', of: id, kind: 'closed' }));
  },

  // disconnect() returns at once; "end" is what says that it is done.
  async close() {
    await Promise.all([client, subscriber].map((each) => each && ended(each)));
  },

  bye: () => {},
};

function ended(redis) {
  return new Promise((resolve) => {
    redis.once('end', resolve);
    redis.disconnect();
  });
}

// ioredis recognises commands (SELECT, say) by their lower-case names.
function lower([name, ...words]) {
  return [name.toLowerCase(), ...words];
}

function kindOf(error) {
  if (error instanceof ReplyError) {
    // If the handshake is refused, its error is handed to all who wait.
    return ['hello', 'auth', 'info'].includes(error.command?.name) ? 'refused' : 'server';
  }
  if (error.name === 'MaxRetriesPerRequestError') return 'refused'; // so many dials have failed
  if (error.name === 'AbortError') return 'conn_lost';
  if (error.syscall === 'connect') return 'refused';
  if (error.syscall) return 'conn_lost';
  if (error.message === 'Connection is closed.') return 'closed';
  if (error.message === 'Command timed out') return 'timeout.command';
  if (error.message.endsWith('Please report this.')) return 'protocol';
  return 'other';
}

function value(reply) {
  if (Buffer.isBuffer(reply)) return isUtf8(reply) ? reply.toString() : { b64: reply.toString('base64') };
  if (reply instanceof Error) return { error: reply.message };
  if (Array.isArray(reply)) return reply.map(value);
  if (reply && typeof reply === 'object') return Object.entries(reply).map((pair) => pair.map(value));
  return reply;
}

const log = (error) => console.error(error.message);

const say = (message, done) => process.stdout.write(`${JSON.stringify(message)}\n`, done);

async function serve(line) {
  const request = JSON.parse(line);
  const { id, do: verb } = request;
  if (!verbs[verb]) return say({ id, ok: false, kind: 'unsupported' });
  try {
    const result = await verbs[verb](request);
    say({ id, ok: true, ...result }, verb === 'bye' ? () => process.exit() : undefined);
  } catch (error) {
    say({ id, ok: false, kind: kindOf(error), text: error.message.replace(/\s+/g, ' ') });
  }
}

createInterface({ input: process.stdin })
  .on('line', serve)
  .on('close', () => process.exit());
