// A front in a process of its own. argv: a JSON object of certificate, policy and ticket keys; prints its port.
import type { Certificate, HandshakePolicy } from '@sallyport/edge';
import { openFront } from './front-world.ts';

const input = JSON.parse(process.argv[2] ?? '') as {
  certificate: Certificate;
  policy: HandshakePolicy;
  current: string;
};
const ticketKeys = { current: Buffer.from(input.current, 'hex'), previous: [] };
const it = await openFront({ fallback: input.certificate, ticketKeys });
it.policies.set('a.test', input.policy);
console.log(`port ${it.port}`);
