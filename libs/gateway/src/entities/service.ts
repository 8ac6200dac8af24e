import Type, { type Static } from 'typebox';
import {
  Host,
  Name,
  nullable,
  oneOf,
  PATH,
  Port,
  Reference,
  Tags,
  Timestamp,
  Uuid,
} from '../fields.ts';
import { defineEntity } from './entity.ts';

const Timeout = Type.Integer({ minimum: 1, maximum: 2_147_483_646, default: 60_000 });

/** An upstream: where requests go. Fields, defaults and units as in Kong; times are milliseconds. */
const ServiceSchema = Type.Object({
  id: Uuid,
  created_at: Timestamp,
  updated_at: Timestamp,
  name: nullable(Name),
  /** How often a request that failed to reach the upstream is tried again. */
  retries: Type.Integer({ minimum: 0, maximum: 32_767, default: 5 }),
  protocol: oneOf('http', ['http', 'https', 'tcp']),
  host: Host,
  port: Type.Integer({ ...Port, default: 80 }),
  path: nullable(
    Type.String({ pattern: PATH, fault: "should start with '/' and hold path characters only" }),
  ),
  connect_timeout: Timeout,
  write_timeout: Timeout,
  read_timeout: Timeout,
  tags: Tags,
  client_certificate: nullable(Reference),
  /** null: the product-wide default. */
  tls_verify: nullable(Type.Boolean()),
  tls_verify_depth: nullable(Type.Integer({ minimum: 0, maximum: 64 })),
  ca_certificates: nullable(Type.Array(Uuid, { maxItems: 64, uniqueItems: true })),
  enabled: Type.Boolean({ default: true }),
});

export type Service = Static<typeof ServiceSchema>;

export const services = defineEntity({
  type: 'services',
  schema: ServiceSchema,
  endpointKey: 'name',
  unique: [['name']],
  check(service) {
    const faults: Record<string, string> = {};
    const forTls = [
      'client_certificate',
      'tls_verify',
      'tls_verify_depth',
      'ca_certificates',
    ] as const;
    for (const field of forTls) {
      if (service[field] !== null && service.protocol !== 'https') {
        faults[field] =
          `value must be null unless protocol is 'https', and it is '${service.protocol}'`;
      }
    }
    if (service.path !== null && service.protocol === 'tcp') {
      faults['path'] = "value must be null when protocol is 'tcp'";
    }
    return faults;
  },
});
