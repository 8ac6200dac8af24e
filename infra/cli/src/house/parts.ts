import type { ServiceName } from '@sallyport/pki';
import { actionsPart } from './parts/actions.ts';
import { authPart } from './parts/auth.ts';
import { certsPart } from './parts/certs.ts';
import { controlPart } from './parts/control.ts';
import { edgePart } from './parts/edge.ts';
import type { Part, PartContext } from './parts/part.ts';
import { sessionsPart } from './parts/sessions.ts';
import type { HouseConfig } from './sections.ts';

/** The parts of a process in the order they start; they stop in the reverse one. */
export type Parts = ReadonlyMap<ServiceName, Part>;

/** Who is asked starts before who asks. */
const ORDER: readonly ServiceName[] = ['control', 'sessions', 'certs', 'auth', 'actions', 'edge'];

/**
 * Opens the parts side by side: each may wait for a key ring that another one makes. `context` opens what one service
 * works with.
 */
export async function openParts(
  services: readonly ServiceName[],
  values: HouseConfig['values'],
  context: (service: ServiceName) => Promise<PartContext>,
): Promise<Parts> {
  const open: { readonly [Name in ServiceName]: (with_: PartContext) => Promise<Part> } = {
    actions: (with_) => actionsPart(with_, values.actions),
    auth: (with_) => authPart(with_, values.auth),
    certs: (with_) => certsPart(with_, values.certs),
    control: (with_) => controlPart(with_, values.control),
    edge: (with_) => edgePart(with_, values.edge),
    sessions: (with_) => sessionsPart(with_, values.sessions),
  };
  const wanted = ORDER.filter((service) => services.includes(service));
  const contexts = new Map<ServiceName, PartContext>();
  // One after the other: what was opened goes onto one stack.
  for (const service of wanted) contexts.set(service, await context(service));
  const made = await Promise.all(
    wanted.map(
      async (service) =>
        [service, await open[service](contexts.get(service) as PartContext)] as const,
    ),
  );
  return new Map(made);
}
