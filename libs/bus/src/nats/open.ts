import type { PublishOptions } from '@nats-io/transport-node';
import type { Broker, Message } from '../broker.ts';
import { createBus } from '../bus.ts';
import { type BusArgumentError, BusClosedError } from '../errors.ts';
import type { Bus, BusOptions } from '../ports.ts';
import { APPEND_OVERHEAD, Appender } from './appender.ts';
import { type NatsOptions, natsSettings } from './config.ts';
import { Connection } from './connection.ts';
import { openConsumer } from './consumer.ts';
import { deadStream } from './dead-stream.ts';
import { StreamMismatchError } from './errors.ts';
import { fromNats, toNats } from './headers.ts';
import { Inbox, type Route } from './inbox.ts';
import { openManagement } from './management.ts';
import { applyStreams, diffStreams, mismatch, streamPlan } from './streams.ts';
import { subjectsUnder } from './subjects.ts';

/** All responders of a subject are one queue group. */
const GROUP = 'responders';

/**
 * Connects to NATS (2.9 or newer, with JetStream). Rejects with `BusUnavailableError` when no server answers,
 * `BusCredentialsError`, `BusPermissionError`, `StreamMismatchError`, or `BusArgumentError` for bad options.
 */
export async function openNatsBroker(options: NatsOptions, signal?: AbortSignal): Promise<Broker> {
  const settings = natsSettings(options);
  const subjects = subjectsUnder(settings.prefix);
  const { service, clock, ackTimeoutMs, streams: mode } = settings;
  signal?.throwIfAborted();
  await using stack = new AsyncDisposableStack();
  const connection = stack.use(await Connection.open(settings, clock, settings.onError));
  const management = await openManagement(connection, ackTimeoutMs);
  const plan = streamPlan(subjects, { replicas: settings.replicas });
  if (mode === 'create') await applyStreams(management, plan, signal);
  else {
    const differences = await diffStreams(management, plan, signal);
    if (differences.length > 0) throw new StreamMismatchError(mismatch(differences));
  }
  const inbox = stack.use(await Inbox.open(connection, service));
  const appender = stack.use(new Appender(connection, inbox, ackTimeoutMs));
  const routes = new Map<string, Route>();
  const host = { connection, management, subjects, service, mode };
  const open = () => {
    if (connection.state === 'closed') throw new BusClosedError('the bus is closed');
  };
  const owned = stack.move();
  return {
    get maxPayload() {
      return connection.maxPayload - APPEND_OVERHEAD;
    },
    get connected() {
      return connection.connected;
    },
    onConnection: (listener) => connection.onConnection(listener),

    send(subject, { headers, body }) {
      try {
        connection.publish(subjects.full(subject), body, withHeaders(headers));
      } catch (error) {
        connection.report(error as BusArgumentError, subjects.full(subject));
      }
    },
    async listen(subject, onMessage) {
      const listening = await connection.listen(subjects.full(subject), (message) =>
        onMessage({ headers: fromNats(message.headers), body: message.data }),
      );
      return { [Symbol.asyncDispose]: async () => listening.close() };
    },

    request(subject, { headers, body }, settle) {
      let route = routes.get(subject);
      if (route === undefined) {
        // `rpc.<service>.<op>.v<n>`: who answers is in the subject.
        route = inbox.route(subject.split('.')[1] ?? '', subjects.full(subject));
        routes.set(subject, route);
      }
      const how = withHeaders(headers);
      const n = inbox.expect(route, (message, refused) => {
        if (message === undefined) settle(undefined, refused);
        else settle({ headers: fromNats(message.headers), body: message.data });
      });
      how.reply = inbox.reply(route, n);
      if (!connection.publish(route.subject, body, how)) {
        inbox.forget(n);
        settle(undefined);
      }
      return () => inbox.forget(n);
    },
    async respond(subject, onRequest) {
      const listening = await connection.listen(
        subjects.full(subject),
        (message) => {
          const { reply } = message;
          // An answer to any other subject would be a message in our name that the asker wrote.
          if (reply === undefined || !reply.startsWith('_INBOX_')) return;
          onRequest({ headers: fromNats(message.headers), body: message.data }, (answer) => {
            connection.publish(reply, answer.body, withHeaders(answer.headers));
          });
        },
        GROUP,
      );
      return { [Symbol.asyncDispose]: () => listening.drain() };
    },

    append: (subject, message, how) => appender.append(subjects.full(subject), message, how),
    async consume(how, onDelivery) {
      open();
      return openConsumer(host, how, onDelivery);
    },
    ...deadStream(management, subjects),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The bus of a cluster. {@link NatsOptions.onError} is told everything; the bus's `onFault` what is about a subject. */
export async function openNatsBus(
  options: NatsOptions & BusOptions,
  signal?: AbortSignal,
): Promise<Bus> {
  const { onFault, onError } = options;
  const broker = await openNatsBroker(
    {
      ...options,
      onError: (error, subject) => {
        onError?.(error, subject);
        onFault?.({ kind: 'send', subject, error });
      },
    },
    signal,
  );
  return createBus(broker, options);
}

function withHeaders(headers: Message['headers']): PublishOptions {
  const natsHeaders = toNats(headers);
  return natsHeaders === undefined ? {} : { headers: natsHeaders };
}
