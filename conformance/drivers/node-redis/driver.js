// A poolproof driver for node-redis. Two variants: createClient, whose single connection all callers share,
// and createClientPool, where each has one to itself. (The package "redis" adds only commands of modules.)
// An AbortSignal has no effect once a command is written, so cancelling is not offered.

import { isUtf8 } from 'node:buffer';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import * as redis from '@redis/client';

const { version } = createRequire(import.meta.url)('@redis/client/package.json');
const SETTINGS = ['connect_timeout_ms', 'password', 'database'];
const promises = { demands: ['HELLO'] }; // it supports Redis from 7.2, and speaks RESP3 unless told otherwise

let client; // or pool
let leases; // by the id of their acquire

const verbs = {
  __proto__: null,

  hello: () => ({
    protocol: 1,
    client: { name: 'node-redis', version, language: 'JavaScript', runtime: `Node.js ${process.version}` },
    variants: [
      {
        name: 'createClient',
        style: 'multiplexer',
        features: ['pipeline', 'transaction', 'subscribe'],
        settings: [...SETTINGS, 'max_calls'],
        promises,
      },
      {
        name: 'createClientPool',
        style: 'pool',
        features: ['pipeline', 'transaction', 'watch', 'lease', 'numbers'],
        settings: [...SETTINGS, 'acquire_timeout_ms'],
        promises,
      },
    ],
  }),

  async open({ variant, host, port, settings }) {
    const { password, database } = settings;
    const options = {
      password,
      database,
      socket: { host, port, connectTimeout: settings.connect_timeout_ms },
      commandsQueueMaxLength: settings.max_calls,
      commandOptions: {
        timeout: 0, // it limits the time until a command is written, not the time of its reply
        typeMapping: { [redis.RESP_TYPES.BLOB_STRING]: Buffer, [redis.RESP_TYPES.MAP]: Map },
      },
    };
    const pool = { maximum: settings.max_size, acquireTimeout: settings.acquire_timeout_ms ?? 0 };
    leases = new Map();
    client = variant === 'createClient' ? redis.createClient(options) : redis.createClientPool(options, pool);
    await client.on('error', (error) => console.error(error.message)).connect();
  },

  async call({ command, lease }) {
    const borrowed = lease ? leases.get(lease).connection : client;
    return { value: value(await borrowed.sendCommand(command)) };
  },

  async batch({ commands, mode, key }) {
    if (mode !== 'watch') return execute(client.multi(), commands, mode);
    return client.execute(async (connection) => {
      await connection.watch(key);
      return execute(connection.multi(), commands, mode);
    });
  },

  async subscribe({ id, channel, pattern }) {
    const tell = (data) => say({ event: 'message', of: id, data: value(data) });
    await (pattern ? client.pSubscribe(pattern, tell, true) : client.subscribe(channel, tell, true));
    client.once('end', () => say({ event: 'end', of: id, kind: 'closed' }));
  },

  // A connection is lent to a function, until the promise of that function is kept.
  acquire: ({ id }) =>
    new Promise((acquired, failed) => {
      const borrow = (connection) =>
        new Promise((release) => {
          leases.set(id, { connection, release });
          acquired();
        });
      client.execute(borrow).catch(failed);
    }),

  release: ({ lease }) => leases.get(lease).release(),

  numbers: () => ({ idle: client.idleClients, lent: client.clientsInUse, waiting: client.tasksQueueLength }),

  close: () => client.destroy(), // close() would wait for all replies, however long that takes

  bye: () => {},
};

async function execute(multi, commands, mode) {
  for (const command of commands) multi.addCommand(command);
  try {
    return { values: (await (mode === 'pipeline' ? multi.execAsPipeline() : multi.exec())).map(value) };
  } catch (error) {
    if (!(error instanceof redis.MultiErrorReply)) throw error;
    return { values: error.replies.map(value) };
  }
}

const KINDS = [
  [redis.ErrorReply, 'server'],
  [redis.ClientClosedError, 'closed'],
  [redis.DisconnectsClientError, 'closed'],
  [redis.SocketClosedUnexpectedlyError, 'conn_lost'],
  [redis.ConnectionTimeoutError, 'refused'],
  [redis.TimeoutError, 'timeout.acquire'], // that of commands is switched off
];

function kindOf(error) {
  for (const [type, kind] of KINDS) if (error instanceof type) return kind;
  if (error.message === 'The queue is full') return 'exhausted';
  if (error.syscall === 'connect') return 'refused';
  return error.syscall ? 'conn_lost' : 'other'; // ECONNRESET, EPIPE
}

function value(reply) {
  if (Buffer.isBuffer(reply)) return isUtf8(reply) ? reply.toString() : { b64: reply.toString('base64') };
  if (reply instanceof Error) return { error: reply.message };
  if (reply instanceof Map) return value([...reply]);
  return Array.isArray(reply) ? reply.map(value) : reply;
}

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

createInterface({ input: process.stdin }).on('line', serve).on('close', () => process.exit());
