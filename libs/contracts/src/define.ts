import type { Static, TSchema } from 'typebox';
import { checker } from './check.ts';
import { ContractError } from './errors.ts';

/** What every kind of message has: a name, a version, a schema and a checked way in. */
interface MessageType<Kind extends string, Type extends string, Schema extends TSchema> {
  readonly kind: Kind;
  /** `<domain>.<what>`, such as `tls.handshake-completed`; for an rpc `<service>.<op>`; for a feed its name. */
  readonly type: Type;
  /** Counts incompatible changes. Within a version only optional additions are allowed. */
  readonly version: number;
  /** Subject without the prefix: `evt.tls.handshake-completed.v1`. */
  readonly subject: string;
  readonly summary: string;
  readonly schema: Schema;
  /** The value, typed, or a {@link ContractError} that names the field, what was found and what was expected. */
  parse(value: unknown): Static<Schema>;
}

/** A fact: something happened. For whoever cares, kept in the stream EVENTS. */
export interface EventType<Type extends string = string, Schema extends TSchema = TSchema>
  extends MessageType<'evt', Type, Schema> {
  /** The CloudEvents type: `sallyport.tls.handshake-completed.v1`. Doesn't depend on the subjects' prefix. */
  readonly eventType: string;
}

/** Work that must happen, once it is accepted: stream JOBS, work-queue retention. */
export interface JobType<Type extends string = string, Schema extends TSchema = TSchema>
  extends MessageType<'job', Type, Schema> {}

/** A change to what readers cache; see `Feed` in libs/bus. The schema is the one of a single delta. */
export interface FeedType<Type extends string = string, Schema extends TSchema = TSchema>
  extends MessageType<'feed', Type, Schema> {}

/** A question with an answer. `parse` checks the request, `parseReply` the answer. */
export interface RpcType<
  Type extends string = string,
  Schema extends TSchema = TSchema,
  Reply extends TSchema = TSchema,
> extends MessageType<'rpc', Type, Schema> {
  readonly replySchema: Reply;
  parseReply(value: unknown): Static<Reply>;
}

/** The data of an event, job, rpc request or feed delta. */
export type DataOf<T> = T extends { readonly schema: infer S extends TSchema } ? Static<S> : never;
/** The answer of an rpc. */
export type ReplyOf<T> = T extends { readonly replySchema: infer S extends TSchema }
  ? Static<S>
  : never;

interface Definition<Type extends string, Schema extends TSchema> {
  type: Type;
  version: number;
  summary: string;
  data: Schema;
}

const TOKEN = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

export function defineEvent<const Type extends `${string}.${string}`, Schema extends TSchema>(
  definition: Definition<Type, Schema>,
): EventType<Type, Schema> {
  return {
    ...message('evt', 2, definition),
    eventType: `sallyport.${definition.type}.v${definition.version}`,
  };
}

export function defineJob<const Type extends `${string}.${string}`, Schema extends TSchema>(
  definition: Definition<Type, Schema>,
): JobType<Type, Schema> {
  return message('job', 2, definition);
}

export function defineFeed<const Type extends string, Schema extends TSchema>(
  definition: Definition<Type, Schema>,
): FeedType<Type, Schema> {
  return message('feed', 1, definition);
}

export function defineRpc<
  const Type extends `${string}.${string}`,
  Schema extends TSchema,
  Reply extends TSchema,
>(definition: Definition<Type, Schema> & { reply: Reply }): RpcType<Type, Schema, Reply> {
  const request = message('rpc', 2, definition);
  return {
    ...request,
    replySchema: definition.reply,
    parseReply: checker(`${request.subject} (reply)`, definition.reply),
  };
}

function message<Kind extends string, const Type extends string, Schema extends TSchema>(
  kind: Kind,
  parts: number,
  { type, version, summary, data }: Definition<Type, Schema>,
): MessageType<Kind, Type, Schema> {
  const tokens = type.split('.');
  if (tokens.length !== parts || !tokens.every((token) => TOKEN.test(token))) {
    throw new ContractError(
      `${kind} type '${type}' must have ${parts} dot-separated part(s) of lower-case letters, digits and single hyphens`,
    );
  }
  if (!Number.isInteger(version) || version < 1) {
    throw new ContractError(`${kind} ${type}: version ${version} must be a whole number from 1`);
  }
  const subject = `${kind}.${type}.v${version}`;
  return { kind, type, version, subject, summary, schema: data, parse: checker(subject, data) };
}
