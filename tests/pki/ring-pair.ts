import { join } from 'node:path';
import { createKeyRings, createMasterKeyFile, readMasterKeyFile } from '@sallyport/pki';
import { ManualClock } from '@sallyport/runtime';
import { tempDir } from '../world/program.ts';
import { memoryRings } from './memory-rings.ts';

/** The ring `leaf-keys` as certs and as an edge have it; `rotate` leaves the edge behind. */
export async function openRingPair() {
  await using dir = await tempDir();
  await createMasterKeyFile(join(dir.path, 'master'));
  const masterKey = await readMasterKeyFile(join(dir.path, 'master'));
  const clock = new ManualClock();
  const ports = { store: memoryRings(), clock };
  const certs = createKeyRings(ports, { service: 'certs', masterKey });
  const edge = createKeyRings(ports, { service: 'edge', masterKey });
  const writer = await certs.openRing('leaf-keys');
  const reader = await edge.openRing('leaf-keys');
  return {
    ...{ writer, reader, clock },
    async rotate() {
      await certs.rotate('leaf-keys');
      await writer.reload();
    },
  };
}
