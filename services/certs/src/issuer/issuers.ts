import { readFile } from 'node:fs/promises';
import type { CertificateAuthority } from '@sallyport/pki';
import type { AcmeSettings, CertsConfig } from '../config.ts';
import type { CertsPorts } from '../ports.ts';
import { settingMistake } from '../setting-mistake.ts';
import { createAcmeIssuer } from './acme/acme.ts';
import { createInternalIssuer } from './internal.ts';
import type { Issuer } from './issuer.ts';

/**
 * The issuers of the configuration, in its order. `ConfigError` when two have the same name, or the file of `trust` can't be read.
 * `authority` is only asked for when an internal issuer is among them.
 */
export async function openIssuers(
  { spaces, rings, clock }: Pick<CertsPorts, 'clock' | 'rings' | 'spaces'>,
  { issuers }: Pick<CertsConfig, 'issuers'>,
  authority: () => CertificateAuthority,
): Promise<Issuer[]> {
  const names = issuers.map(({ name }) => name);
  const twice = names.findIndex((name, i) => names.indexOf(name) !== i);
  if (twice !== -1) {
    throw settingMistake(
      `certs.issuers.${twice}.name`,
      `'${names[twice]}' again`,
      'a name of its own',
    );
  }
  return await Promise.all(
    issuers.map(async (settings, i) => {
      if (settings.kind === 'internal') {
        const { name, scope, validity: validityMs } = settings;
        return createInternalIssuer({ authority: authority(), clock }, { name, scope, validityMs });
      }
      const { eab, trust } = settings;
      return createAcmeIssuer(
        { space: spaces.acme, ring: rings.acmeAccounts, clock },
        {
          ...plain(settings),
          ...(trust === undefined
            ? {}
            : { trust: await readTrust(trust, `certs.issuers.${i}.trust`) }),
          ...(eab === undefined
            ? {}
            : { externalAccount: { kid: eab.kid, hmacKey: eab.hmac_key.reveal() } }),
        },
      );
    }),
  );
}

function plain({
  name,
  directory,
  contact,
  terms_agreed,
  challenges,
  scope,
  timeout,
}: AcmeSettings) {
  return {
    ...{ name, directory, contact, challenges, scope },
    ...{ termsOfServiceAgreed: terms_agreed, timeoutMs: timeout },
  };
}

async function readTrust(file: string, path: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  } catch (cause) {
    const { code = 'unreadable' } = cause as { code?: string };
    throw settingMistake(path, `${file} (${code})`, 'a file with certificates in PEM', cause);
  }
  throw settingMistake(path, `${file}, which has none`, 'a file with certificates in PEM');
}
