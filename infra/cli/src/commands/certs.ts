import type { certsList, ReplyOf } from '@sallyport/contracts';
import { EXIT, systemClock } from '@sallyport/runtime';
import { distance, shortTime } from '../client/moment.ts';
import { operatorCommand } from '../client/operator-command.ts';
import { plainJson, table } from '../client/text.ts';

type Page = ReplyOf<typeof certsList>;

const list = operatorCommand({
  name: 'certs list',
  summary: 'list the certificates there are',
  synopsis: '[--json]',
  async run({ client, terminal, json }) {
    const certificates: Page['certificates'] = [];
    let after: string | undefined;
    do {
      const query = new URLSearchParams({
        limit: '500',
        ...(after === undefined ? {} : { after }),
      });
      const page: Page = await client.ask('GET', `/certificates?${query}`);
      certificates.push(...page.certificates);
      // A page that leads nowhere new would never end.
      after = page.next === after ? undefined : page.next;
    } while (after !== undefined);
    if (json) {
      terminal.stdout.write(`${plainJson(certificates, 2)}\n`);
      return EXIT.ok;
    }
    const now = systemClock.now();
    const rows = certificates.map(({ name, issuer, notAfter, fingerprint }) => [
      ...[name, issuer, shortTime(notAfter), distance(notAfter, now), fingerprint.slice(0, 16)],
    ]);
    terminal.stdout.write(table(['NAME', 'ISSUER', 'EXPIRES', 'IN', 'SHA-256'], rows));
    return EXIT.ok;
  },
});

export const certCommands = [list];
