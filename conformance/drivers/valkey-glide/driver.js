// A poolproof driver for valkey-glide. One variant: a GlideClient, whose single connection all callers share.
// A command can't be cancelled. WATCH is the connection's, and so of all callers at once: it is not offered.

import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import * as glide from '@valkey/valkey-glide';

const manifest = new URL('node_modules/@valkey/valkey-glide/package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(manifest));
const LONGEST_LIMIT = 2 ** 31 - 1; // its limit of time can't be switched off

glide.Logger.setLoggerConfig('off'); // what it says goes to standard output

let client;
let subscriptions; // those of the client: id, and what it listens to

const verbs = {
  __proto__: null,

  hello: () => ({
    protocol: 1,
    client: { name: 'valkey-glide', version, language: 'JavaScript', runtime: `Node.js ${process.version}` },
    variants: [
      {
        name: 'GlideClient',
        style: 'multiplexer',
        features: ['pipeline', 'transaction', 'subscribe'],
        settings: ['command_timeout_ms', 'connect_timeout_ms', 'password', 'database', 'max_calls'],
        promises: { demands: ['HELLO'] }, // it speaks RESP3 unless told otherwise
      },
    ],
  }),

  async open({ host, port, settings }) {
    subscriptions = [];
    client = await glide.GlideClient.createClient({
      addresses: [{ host, port }],
      credentials: settings.password && { password: settings.password },
      databaseId: settings.database,
      requestTimeout: settings.command_timeout_ms ?? LONGEST_LIMIT,
      inflightRequestsLimit: settings.max_calls,
      defaultDecoder: glide.Decoder.Bytes,
      pubsubSubscriptions: { channelsAndPatterns: {}, callback: hear },
      advancedConfiguration: { connectionTimeout: settings.connect_timeout_ms },
    });
  },

  call: async ({ command }) => ({ value: value(await client.customCommand(command)) }),

  async batch({ commands, mode }) {
    const batch = new glide.Batch(mode === 'transaction');
    for (const command of commands) batch.customCommand(command);
    const values = await client.exec(batch, false);
    if (values === null) throw new glide.ExecAbortError('the transaction was aborted');
    return { values: values.map(value) };
  },

  async subscribe({ id, channel, pattern }) {
    subscriptions.push({ id, channel, pattern });
    await (pattern ? client.psubscribe([pattern], 0) : client.subscribe([channel], 0));
  },

  close() {
    client.close();
    for (const { id } of subscriptions) say({ event: 'end', of: id, kind: 'closed' });
  },

  bye: () => {},
};

function hear({ channel, pattern, message }) {
  const place = String(pattern ?? channel);
  for (const each of subscriptions) {
    if ((each.pattern ?? each.channel) === place) say({ event: 'message', of: each.id, data: value(message) });
  }
}

function kindOf(error) {
  if (error instanceof glide.TimeoutError) return 'timeout.command';
  if (error instanceof glide.ClosingError) return client ? 'closed' : 'refused';
  if (error instanceof glide.ConnectionError) return 'conn_lost';
  return error instanceof glide.RequestError ? 'server' : 'other';
}

function value(reply) {
  if (Buffer.isBuffer(reply)) return isUtf8(reply) ? reply.toString() : { b64: reply.toString('base64') };
  if (reply instanceof Error) return { error: reply.message };
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
