import {
  createCipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
} from 'node:crypto';
import { createKeyRings, MasterKey, UnsealError } from '@sallyport/pki';
import { ManualClock } from '@sallyport/runtime';
import test from 'ava';
import { content, forge } from './forge.ts';
import { memoryRings } from './memory-rings.ts';

// The formats written down a second time, from README and decision 0005, with nothing of the library.

const masterKey = new MasterKey(Buffer.alloc(32, 7));
const material = Buffer.alloc(32, 9);
const clock = new ManualClock(1_800_000_000_000);
const store = memoryRings();
forge(store, masterKey, 'leaf-keys', content(material));
forge(store, masterKey, 'messages-auth', content(material));
const ring = await createKeyRings({ store, clock }, { service: 'edge', masterKey }).openRing(
  'leaf-keys',
);
const reader = await createKeyRings({ store, clock }, { service: 'auth', masterKey }).openReader(
  'messages-auth',
);

function subkey(secret: Uint8Array, label: string, length = 32): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `sallyport/v1/${label}`, length));
}

function seal(
  secret: Uint8Array,
  label: string,
  plain: Uint8Array,
  aad: string,
  spoil = 0,
): Buffer {
  const head = Buffer.concat([Buffer.of(1, 0, 0, 0, 1), randomBytes(24)]);
  const block = createHmac('sha512', subkey(secret, `seal/${label}`))
    .update(head)
    .digest();
  const commitment = Buffer.from(block.subarray(44, 60));
  commitment[0] = (commitment[0] as number) ^ spoil;
  const header = Buffer.concat([head, commitment]);
  const gcm = createCipheriv('aes-256-gcm', block.subarray(0, 32), block.subarray(32, 44));
  gcm.setAAD(Buffer.concat([header, Buffer.from(aad)]));
  return Buffer.concat([header, gcm.update(plain), gcm.final(), gcm.getAuthTag()]);
}

test('bytes that another program sealed by the description are opened', (t) => {
  t.is(
    ring
      .open(seal(material, 'leaf-keys', Buffer.from('key'), 'shop.example'), 'shop.example')
      .toString(),
    'key',
  );
});

test('a valid tag doesn’t help where the commitment isn’t the key’s', (t) => {
  const sealed = seal(material, 'leaf-keys', Buffer.from('key'), 'shop.example', 1);
  t.throws(() => ring.open(sealed, 'shop.example'), { instanceOf: UnsealError });
});

test('a secret that another program sealed to the public key is opened', (t) => {
  const seed = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), material]);
  const reading = createPublicKey(createPrivateKey({ key: seed, format: 'der', type: 'pkcs8' }));
  const ephemeral = generateKeyPairSync('x25519');
  const raw = (key: typeof reading) => (key.export({ format: 'jwk' }) as { x: string }).x;
  const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: reading });
  const label = `secret/messages-auth/${raw(ephemeral.publicKey)}/${raw(reading)}`;
  const text = (length: number, expires = clock.now()) => {
    const frame = Buffer.alloc(64);
    frame.writeUIntBE(expires, 0, 6);
    frame.writeUInt32BE(length, 6);
    frame.write('secret', 10);
    const body = Buffer.concat([
      Buffer.from(raw(ephemeral.publicKey), 'base64url'),
      seal(shared, label, frame, 'context'),
    ]);
    return `sp1.1.${body.toString('base64url')}`;
  };
  t.is(reader.openSecret(text(6), { context: 'context' }).toString(), 'secret');
  t.throws(() => reader.openSecret(text(55), { context: 'context' }), { instanceOf: UnsealError });
});

test('what was sealed by the first release is opened for ever', (t) => {
  const sealed = Buffer.from(
    'AQAAAAGTOismBRDyB8ExKjmcZGzLau5xsoKU-nB-HCywbyWeKxOSrg5m4atqfmwryQVSp1YJtAgfQsiIVjApCrSgylYMv_z6Z2U',
    'base64url',
  );
  t.is(ring.open(sealed, 'certs/shop.example').toString(), 'a private key');
  const secret =
    'sp1.1.l2f7w2HQi3lBGRG2LGktCkqyCG_ADVTbMnqY10Od7RoBAAAAAceQvMCSRO508ZQcihqN90w8te1uSt66UAMYq2lfxCwqFn42oAlfLqw2t39jGDcEIaHozyAMcHJfjScXdbQOBhjKI2c9h3H4KaEoPzlALvT0Mg6_2PBc-vschVOTNrmjFL7x-K0z0vDbuwL3l7u-QASmo99UNpF8VA';
  t.is(reader.openSecret(secret, { context: 'context' }).toString(), 'correct horse');
  t.is(masterKey.id, '65b74e915e3d6774');
  t.is(
    ring.derive(1, 'ticket', 48).toString('hex'),
    'c352388af5e231826a7c04b86b062b4e3c7b21a8a5a428617fb49307e4612e5809eeedac35bc2934203c59dfea0c4da8',
  );
});

test('a ring record of the first release is read for ever', async (t) => {
  const old = memoryRings();
  old.records.set('leaf-keys/ring', {
    ...{ format: 1, version: 'v1' },
    bytes: Buffer.from(
      'ZbdOkV49Z3QBAAAAADCOFVnF6Ww6otbdRDXX9MI6Sqe92Zw81R6G26NhiNasYktYjgxJ1KhzI1YsksOknPq7smftHznDeg8ZTsOWoVDDyDXRkP9m1Ge9iC92Dz4ITCE9IUVvfRhJFoJUA6gfjLfTpCx96NlGVc7krSHKNP0P7dF3gOfEGKQYytUVlDexjCImH8BewiCfVVQ9WgMSH_eT46fTdqii3RfFdJsGd6cRBYB4GwdE4cOJVIpKODU',
      'base64url',
    ),
  });
  const again = await createKeyRings(
    { store: old, clock },
    { service: 'edge', masterKey },
  ).openRing('leaf-keys');
  t.deepEqual(again.keys, [{ kid: 1, created: 0, state: 'active' }]);
  t.deepEqual(again.derive(1, 'x'), ring.derive(1, 'x'));
});
