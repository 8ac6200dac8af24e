import Type from 'typebox';
import { defineFeed } from './define.ts';
import { Id, Open, Time, Word } from './fields.ts';

export const nodes = defineFeed({
  type: 'nodes',
  version: 1,
  summary: 'A process of the system says that it is there, about once a second.',
  data: Open({
    instance: Id('The process; stays the same over restarts.'),
    services: Type.Array(Word('What it runs, such as edge, certs.'), { minItems: 1 }),
    version: Type.String({ maxLength: 64, description: 'Version of the product.' }),
    started: Time('Start of the process.'),
    phase: Word('Where it is in its life: starting, up, draining.'),
    listens: Type.Optional(
      Type.Array(Type.String({ maxLength: 512 }), {
        maxItems: 32,
        description: 'Where it answers, as URLs.',
      }),
    ),
    faults: Type.Optional(
      Type.Array(Type.String({ maxLength: 1024 }), {
        maxItems: 32,
        description: 'Why it isn’t ready, if it isn’t.',
      }),
    ),
  }),
});
