import Type, { type TProperties } from 'typebox';
import { Personal } from './privacy.ts';

/** An object that later versions may add to. Every object of a contract is open: readers skip what they don't know. */
export function Open<Properties extends TProperties>(properties: Properties, description?: string) {
  return Type.Object(properties, {
    additionalProperties: true,
    ...(description === undefined ? {} : { description }),
  });
}

/** An id that this product made. */
export const Id = (description: string) =>
  Type.String({ minLength: 1, maxLength: 128, description });

/**
 * One hyphenated lower-case word of an open set. Not a closed list: a word added later must not make older readers
 * refuse the message. Only what decides over access is a closed list.
 */
export const Word = (description: string) =>
  Type.String({ pattern: '^[a-z0-9]+(-[a-z0-9]+)*$', maxLength: 64, description });

/** A moment, RFC 3339. */
export const Time = (description: string) => Type.String({ format: 'date-time', description });

/** How long something took, in milliseconds with fractions. */
export const DurationMs = (description: string) => Type.Number({ minimum: 0, description });

/** A DNS name in lower case A-labels, or an IP address. */
export const HostName = (description: string) =>
  Type.String({ minLength: 1, maxLength: 253, description });

/** Who connected to us, after trusted proxies are taken into account. */
export const Client = () =>
  Open(
    {
      address: Personal('address', { maxLength: 64, description: 'IP address, without a port.' }),
      port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65535 })),
    },
    'The client, as seen behind trusted proxies.',
  );

/** Our own end of a connection. */
export const Local = () =>
  Open(
    {
      address: Type.String({ maxLength: 64, description: 'IP address, without a port.' }),
      port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65535 })),
    },
    'The end of the connection that is ours.',
  );

/** SHA-256 of the DER form, 64 lower-case hexadecimal digits. */
export const Fingerprint = (description: string) =>
  Type.String({ pattern: '^[0-9a-f]{64}$', description });
