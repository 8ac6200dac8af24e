import type { PresentNode } from '@sallyport/bus';
import { nodes } from '@sallyport/contracts';
import type { Entry } from '@sallyport/runtime';
import Type from 'typebox';
import type { Mount } from './operation.ts';

export interface SystemPorts {
  nodes(): readonly PresentNode[];
  configuration(): readonly Entry[];
}

const Node = Type.Object({
  ...nodes.schema.properties,
  silentMs: Type.Integer({ minimum: 0, description: 'Since it was last heard of.' }),
});
const Setting = Type.Object({
  path: Type.String({ description: 'Such as edge.https.port.' }),
  value: Type.String({ description: 'As it is written in a file; *** for a secret.' }),
  source: Type.Union([Type.Literal('default'), Type.Literal('file'), Type.Literal('env')]),
  where: Type.Optional(Type.String({ description: 'File and line, or variable.' })),
  through: Type.Optional(Type.String({ description: 'What it was read from by reference.' })),
});

/** Mounts what the operator may know of the processes: who is there, and how this one is configured. */
export function mountSystem(mount: Mount, ports: SystemPorts): void {
  mount('GET', '/nodes', {
    ...{ summary: 'The processes that were heard of in the last 5 s', tag: 'system' },
    answers: Type.Object({ nodes: Type.Array(Node) }),
    handle: () => ({
      nodes: ports.nodes().map((node) => ({ ...node, silentMs: Math.round(node.silentMs) })),
    }),
  });
  mount('GET', '/config', {
    ...{ summary: 'The configuration in effect, and where each value is from', tag: 'system' },
    answers: Type.Object({ settings: Type.Array(Setting) }),
    handle: () => ({ settings: ports.configuration().map(setting) }),
  });
}

function setting({ path, shown, source, through }: Entry) {
  return {
    ...{ path, value: shown, source: source.kind, ...place(source) },
    ...(through === undefined ? {} : { through }),
  };
}

function place(source: Entry['source']): { where?: string } {
  if (source.kind === 'default') return {};
  return { where: source.kind === 'file' ? `${source.name}:${source.line}` : source.name };
}
