import type { Entity, EntityWriter, Faults, Outcome } from '@sallyport/gateway';
import { decodeBody } from '../body/decode.ts';
import type { FormValue } from '../body/form-tree.ts';
import { typedBy } from '../body/typed.ts';
import { type Answer, created, GONE, ok, refusal } from './answer.ts';
import type { Read, Resource } from './resource.ts';

/** A body as it came. */
export interface Sent {
  readonly contentType: string | undefined;
  readonly bytes: Uint8Array;
}

/** What the wrong kinds of input are answered with is a value too. */
type Either<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly answer: Answer };

type Fields = Readonly<Record<string, unknown>>;

export interface Desk {
  find(resource: Resource, name: string): Entity | undefined;
  /** `fixed` are fields that the path decides. */
  post(resource: Resource, sent: Sent, fixed: Fields, signal: AbortSignal): Promise<Answer>;
  patch(
    resource: Resource,
    before: Entity,
    sent: Sent,
    fixed: Fields,
    signal: AbortSignal,
  ): Promise<Answer>;
  /** Makes or replaces the one called `name`, an id or a key. */
  put(
    resource: Resource,
    name: string,
    sent: Sent,
    fixed: Fields,
    signal: AbortSignal,
  ): Promise<Answer>;
  remove(resource: Resource, entity: Entity | undefined, signal: AbortSignal): Promise<Answer>;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** How often a PUT by name looks again because another made the same name first. */
const PUT_ATTEMPTS = 3;

/** Takes what clients want written to the writer, and brings back what they are told. */
export function openDesk(writer: EntityWriter, uuid: () => string): Desk {
  const find = (resource: Resource, name: string): Entity | undefined => {
    const { type } = resource;
    const id = name.toLowerCase();
    const byId = UUID.test(id) ? (writer.snapshot.get(type, id) as Entity | undefined) : undefined;
    return byId ?? (writer.snapshot.byKey(type, resource.keyOf(name)) as Entity | undefined);
  };

  async function read(
    resource: Resource,
    { contentType, bytes }: Sent,
    fixed: Fields,
    before: Entity | undefined,
    whole: boolean,
  ): Promise<Either<Extract<Read, { ok: true }>>> {
    const decoded = await decodeBody(contentType, bytes);
    if (!decoded.ok) {
      const { status, message } = decoded;
      return refused(message === undefined ? { status } : { status, body: { message } });
    }
    const record = decoded.value;
    if (typeof record !== 'object' || record === null || Array.isArray(record)) {
      return refused(faulty({ '@entity': 'expected a record' }));
    }
    const given = record as Record<string, unknown>;
    const typed = decoded.form
      ? typedBy(resource.formSchema(given, before), record as FormValue)
      : given;
    const input = { ...(typed as Record<string, unknown>), ...fixed };
    const result = resource.read(input, whole);
    return result.ok ? { ok: true, value: result } : refused(faulty(result.faults));
  }

  const told = (
    resource: Resource,
    outcome: Outcome<unknown>,
    once: Fields | undefined,
    say: (body: unknown) => Answer,
  ): Answer => {
    if (!outcome.ok) return refusal(named(resource, outcome));
    return say({ ...resource.show(outcome.value as Entity), ...once });
  };

  return {
    find,
    async post(resource, sent, fixed, signal) {
      const input = await read(resource, sent, fixed, undefined, true);
      if (!input.ok) return input.answer;
      const { fields, once } = input.value;
      return told(resource, await writer.insert(resource.type, fields, signal), once, created);
    },
    async patch(resource, before, sent, fixed, signal) {
      const input = await read(resource, sent, fixed, before, false);
      if (!input.ok) return input.answer;
      const { fields } = input.value;
      const moved = otherId(fields, before.id);
      if (moved !== undefined) return moved;
      const outcome = await writer.update(resource.type, before.id, fields, signal);
      return told(resource, outcome, undefined, ok);
    },
    async put(resource, name, sent, fixed, signal) {
      const isId = UUID.test(name.toLowerCase());
      for (let attempt = 1; ; attempt += 1) {
        const before = find(resource, name);
        const byKey = isId ? {} : { [resource.keyField]: name };
        const input = await read(resource, sent, { ...byKey, ...fixed }, before, true);
        if (!input.ok) return input.answer;
        const { fields, once } = input.value;
        const id = before?.id ?? (isId ? name.toLowerCase() : uuid());
        const moved = otherId(fields, id);
        if (moved !== undefined) return moved;
        const outcome = await writer.upsert(resource.type, id, fields, signal);
        const raced =
          !outcome.ok &&
          outcome.violation.kind === 'unique' &&
          before === undefined &&
          find(resource, name) !== undefined;
        if (!raced || attempt === PUT_ATTEMPTS) return told(resource, outcome, once, ok);
      }
    },
    async remove(resource, entity, signal) {
      if (entity === undefined) return GONE;
      const outcome = await writer.remove(resource.type, entity.id, signal);
      return outcome.ok ? GONE : refusal(outcome.violation);
    },
  };
}

function refused(answer: Answer): { readonly ok: false; readonly answer: Answer } {
  return { ok: false, answer };
}

function faulty(fields: Faults): Answer {
  return refusal({ kind: 'schema', fields });
}

/** An id in the body that isn't the one in the path. */
function otherId({ id }: Fields, expected: string): Answer | undefined {
  if (id === undefined || id === null) return undefined;
  const same = typeof id === 'string' && id.toLowerCase() === expected;
  return same ? undefined : faulty({ id: `the entity's id is '${expected}' and stays` });
}

/** The violation in the words of clients: a digest is a key that they never see again. */
function named(resource: Resource, outcome: Extract<Outcome<unknown>, { ok: false }>) {
  const { violation } = outcome;
  const { endpointKey } = resource.type;
  if (violation.kind !== 'unique' || endpointKey === undefined) return violation;
  if (endpointKey === resource.keyField || !Object.hasOwn(violation.fields, endpointKey)) {
    return violation;
  }
  return { ...violation, fields: { [resource.keyField]: '***' } };
}
