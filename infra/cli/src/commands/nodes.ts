import type { NodeDescription } from '@sallyport/bus';
import { EXIT, systemClock } from '@sallyport/runtime';
import { distance } from '../client/moment.ts';
import { operatorCommand } from '../client/operator-command.ts';
import { plainJson, table } from '../client/text.ts';

const nodes = operatorCommand({
  name: 'nodes',
  summary: 'list the processes of the system',
  synopsis: '[--json]',
  help: ['A process that ended without a word is listed for another 5 s.'],
  async run({ client, terminal, json }) {
    const answer = await client.ask<{ nodes: NodeDescription[] }>('GET', '/nodes');
    if (json) {
      terminal.stdout.write(`${plainJson(answer.nodes, 2)}\n`);
      return EXIT.ok;
    }
    const now = systemClock.now();
    const rows = answer.nodes.map(
      ({ instance, services, phase, version, started, listens = [], faults = [] }) => [
        ...[instance, services.join(','), faults.length > 0 ? `${phase}!` : phase, version],
        ...[distance(started, now).replace('-', ''), listens.join(' ') || '-'],
      ],
    );
    terminal.stdout.write(
      table(['INSTANCE', 'SERVICES', 'PHASE', 'VERSION', 'UP', 'LISTENS'], rows),
    );
    const faults = answer.nodes.flatMap(({ instance, faults: why = [] }) =>
      why.map((fault) => [instance, fault]),
    );
    if (faults.length > 0) terminal.stdout.write(`\n${table(['INSTANCE', 'FAULT'], faults)}`);
    return EXIT.ok;
  },
});

export const nodeCommands = [nodes];
