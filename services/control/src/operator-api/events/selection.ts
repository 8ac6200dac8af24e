import type { EventPattern, StartFrom } from '@sallyport/bus';
import { catalogue, type Envelope, type EventType, isDropNotice } from '@sallyport/contracts';
import { OperatorRequestError } from '../../errors.ts';

/** Which events are wanted. */
export interface Selection {
  /** The narrowest subscription that has them all. */
  readonly what: EventType | EventPattern;
  /** Whether an event, or a notice of dropped ones, is among them. */
  takes(event: Envelope): boolean;
}

const EVENTS = catalogue.filter((contract) => contract.kind === 'evt');
const DOMAINS = new Set(EVENTS.map(({ type }) => domainOf(type)));

/**
 * Reads `*`, `tls.*`, `tls.handshake-completed`, `sallyport.tls.handshake-completed.v1`, or several of them; none at
 * all is everything. `OperatorRequestError` names what isn't known.
 */
export function select(given: readonly string[]): Selection {
  const patterns = given.length === 0 ? ['*'] : [...new Set(given)];
  const contracts = patterns.flatMap(contractsOf);
  const wanted = new Set(contracts.map(({ eventType }) => eventType));
  // A type that this version doesn't know belongs to its domain all the same.
  const heads = patterns
    .filter((pattern) => pattern.endsWith('*'))
    .map((pattern) => `sallyport.${pattern.slice(0, -1)}`);
  return {
    what: narrowest(contracts, heads.length > 0, patterns.includes('*')),
    takes(event) {
      const type = isDropNotice(event) ? event.data.of : event.type;
      return wanted.has(type) || heads.some((head) => type.startsWith(head));
    },
  };
}

function narrowest(
  contracts: readonly EventType[],
  open: boolean,
  everything: boolean,
): EventType | EventPattern {
  const [first] = contracts;
  const domains = new Set(contracts.map(({ type }) => domainOf(type)));
  if (everything || first === undefined || domains.size > 1) return '*';
  return contracts.length === 1 && !open ? first : `${domainOf(first.type)}.*`;
}

/** `new`, `all`, or a time as in RFC 3339. */
export function startOf(text: string): StartFrom {
  if (text === 'new' || text === 'all') return text;
  const time = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new OperatorRequestError(`from '${text}' must be new, all, or a time as in RFC 3339`);
  }
  return { time };
}

function contractsOf(pattern: string): EventType[] {
  if (pattern === '*') return EVENTS;
  if (pattern.endsWith('.*')) {
    const domain = pattern.slice(0, -2);
    if (DOMAINS.has(domain)) return EVENTS.filter(({ type }) => domainOf(type) === domain);
  }
  const found = EVENTS.filter(({ type, eventType }) => [type, eventType].includes(pattern));
  if (found.length > 0) return found;
  const known = [...[...DOMAINS].map((domain) => `${domain}.*`), ...EVENTS.map(({ type }) => type)];
  throw new OperatorRequestError(`type '${pattern}' must be *, or one of ${known.join(', ')}`);
}

function domainOf(type: string): string {
  return type.slice(0, type.indexOf('.'));
}
