import Type, { type Static } from 'typebox';
import {
  HEADER_NAME,
  HostPattern,
  Method,
  Name,
  nullable,
  oneOf,
  PATH,
  Reference,
  SniPattern,
  Tags,
  Timestamp,
  Uuid,
} from '../fields.ts';
import { compileRouteRegex } from '../router/regex.ts';
import { defineEntity } from './entity.ts';

const Protocol = oneOf('http', ['http', 'https', 'tls_passthrough']);
const list = <S extends Type.TSchema>(schema: S, maxItems = 1024) =>
  nullable(Type.Array(schema, { minItems: 1, maxItems, uniqueItems: true }));

/** Which requests go to a service. Fields and defaults as in Kong. */
const RouteSchema = Type.Object({
  id: Uuid,
  created_at: Timestamp,
  updated_at: Timestamp,
  name: nullable(Name),
  protocols: Type.Array(Protocol, { minItems: 1, uniqueItems: true, default: ['http', 'https'] }),
  methods: list(Method, 64),
  hosts: list(HostPattern),
  /** Prefixes; a regular expression if it starts with `~`, anchored at the start of the path. */
  paths: list(
    Type.String({
      maxLength: 2048,
      pattern: `(${PATH})|(^~/)`,
      fault: "should start with '/' (a prefix) or '~/' (a regular expression)",
    }),
  ),
  /** Name → values, one of which must be there; a single value that starts with `~*` is a regular expression. */
  headers: nullable(
    Type.Record(
      Type.String(),
      Type.Array(Type.String({ maxLength: 1024 }), { minItems: 1, maxItems: 64 }),
      { propertyNames: { pattern: HEADER_NAME, fault: 'expected header names as keys' } },
    ),
  ),
  snis: list(SniPattern),
  https_redirect_status_code: oneOf(426, [426, 301, 302, 307, 308]),
  regex_priority: Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1, default: 0 }),
  strip_path: Type.Boolean({ default: true }),
  preserve_host: Type.Boolean({ default: false }),
  path_handling: oneOf('v0', ['v0', 'v1']),
  request_buffering: Type.Boolean({ default: true }),
  response_buffering: Type.Boolean({ default: true }),
  service: nullable(Reference),
  tags: Tags,
});

export type Route = Static<typeof RouteSchema>;

export const routes = defineEntity({
  type: 'routes',
  schema: RouteSchema,
  endpointKey: 'name',
  unique: [['name']],
  references: { service: { to: 'services', onDelete: 'restrict' } },
  check: (route) => ({ ...criteriaFaults(route), ...regexFaults(route) }),
});

/** A route that asks for nothing would take everything. */
function criteriaFaults(route: Route): Record<string, string> {
  if (route.protocols.includes('tls_passthrough')) {
    if (route.protocols.length > 1) {
      return { protocols: "'tls_passthrough' can't be combined with other protocols" };
    }
    if (route.snis === null) {
      return { snis: "required field missing: protocol is 'tls_passthrough'" };
    }
    const forHttp = ['methods', 'hosts', 'paths', 'headers'] as const;
    return Object.fromEntries(
      forHttp
        .filter((field) => route[field] !== null)
        .map((field) => [field, "value must be null when protocol is 'tls_passthrough'"]),
    );
  }
  const https = route.protocols.includes('https');
  if (route.methods ?? route.hosts ?? route.paths ?? route.headers ?? (https ? route.snis : null)) {
    return {};
  }
  const fields = `'methods', 'hosts', 'headers', 'paths'${https ? ", 'snis'" : ''}`;
  return {
    '@entity': `must set one of ${fields} when 'protocols' is '${https ? 'https' : 'http'}'`,
  };
}

function regexFaults(route: Route): Record<string, string> {
  const faults: Record<string, string> = {};
  for (const [i, path] of (route.paths ?? []).entries()) {
    if (!path.startsWith('~')) continue;
    const regex = compileRouteRegex(path.slice(1));
    if ('fault' in regex) faults[`paths.${i}`] = regex.fault;
  }
  for (const [name, values] of Object.entries(route.headers ?? {})) {
    if (name.toLowerCase() === 'host') faults[`headers.${name}`] = "use 'hosts' to match the host";
    const [value = ''] = values;
    if (values.length !== 1 || !value.startsWith('~*')) continue;
    const regex = compileRouteRegex(value.slice(2));
    if ('fault' in regex) faults[`headers.${name}`] = regex.fault;
  }
  return faults;
}
