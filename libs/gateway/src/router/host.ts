/** Where a request wants to go, in the form that routes are matched against. */
export interface RequestHost {
  /** Lower case, without a trailing dot; IPv6 in brackets. */
  readonly name: string;
  readonly port: number | undefined;
}

const HOST = /^(?<name>\[[0-9a-f:.]+\]|[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?)\.?(:(?<port>\d{1,5}))?$/;

/** Reads a Host header or `:authority` (RFC 9110 section 7.2); undefined when it isn't one: answer 400. */
export function parseHost(text: string): RequestHost | undefined {
  if (text.length > 262) return undefined;
  const groups = HOST.exec(text.toLowerCase())?.groups as
    | { name: string; port?: string }
    | undefined;
  if (groups === undefined || groups.name.includes('..')) return undefined;
  const port = groups.port === undefined ? undefined : Number(groups.port);
  if (port !== undefined && port > 65535) return undefined;
  return { name: groups.name, port };
}

/** Things kept by host name: exact, `*.example.com` (any depth below), `example.*`; each with or without a port. */
export class HostTable<T> {
  readonly #exact = new Map<string, T>();
  /** Keyed by what stands behind the star, `.example.com`. */
  readonly #below = new Map<string, T>();
  /** Keyed by what stands before the star, `example.`. */
  readonly #before = new Map<string, T>();

  /** What is kept for `pattern`, made by `make` when there is nothing yet. */
  at(pattern: string, make: () => T): T {
    const lower = pattern.toLowerCase().replace(/\.(?=:\d+$|$)/, '');
    const [map, key] = lower.startsWith('*')
      ? ([this.#below, lower.slice(1)] as const)
      : lower.includes('*')
        ? ([this.#before, lower.replace('*', '')] as const)
        : ([this.#exact, lower] as const);
    const found = map.get(key);
    if (found !== undefined) return found;
    const made = make();
    map.set(key, made);
    return made;
  }

  /** Everything whose pattern fits, in no order that means something. */
  matching({ name, port }: RequestHost, into: T[] = []): T[] {
    const ports = port === undefined ? [''] : [`:${port}`, ''];
    for (const suffix of ports) {
      take(this.#exact.get(name + suffix), into);
      if (this.#below.size > 0) {
        for (let dot = name.indexOf('.', 1); dot !== -1; dot = name.indexOf('.', dot + 1)) {
          take(this.#below.get(name.slice(dot) + suffix), into);
        }
      }
      if (this.#before.size > 0) {
        for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
          take(this.#before.get(name.slice(0, dot + 1) + suffix), into);
        }
      }
    }
    return into;
  }
}

function take<T>(value: T | undefined, into: T[]): void {
  if (value !== undefined) into.push(value);
}
