import { createPasswords } from '@sallyport/passwords';
import test from 'ava';

const LONG = 'päss'.repeat(30);

/** [where it was published or what computed it, hash, password] */
const VECTORS: readonly (readonly [string, string, string | Uint8Array])[] = [
  // phc-winner-argon2, src/test.c
  [
    'phc-winner-argon2 test.c, m=256 p=1',
    '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    'password',
  ],
  [
    'phc-winner-argon2 test.c, m=256 p=2',
    '$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc',
    'password',
  ],
  [
    'phc-winner-argon2 test.c, m=65536 p=1',
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    'password',
  ],
  // dovecot/core 2.3.19.1, src/auth/test-libpassword.c
  [
    'Dovecot test-libpassword.c, ARGON2I',
    '{ARGON2I}$argon2i$v=19$m=32768,t=4,p=1$f2iuP4aUeNMrgu34fhOkkg$1XSZZMWlIs0zmE+snlUIcLADO3GXbA2O/hsQmmc317k',
    'test',
  ],
  [
    'Dovecot test-libpassword.c, BLF-CRYPT',
    '{BLF-CRYPT}$2y$05$11ipvo5dR6CwkzwmhwM26OXgzXwhV2PyPuLV.Qi31ILcRcThQpEiW',
    'test',
  ],
  ['Dovecot test-libpassword.c, SHA1', '{SHA1}qUqP5cyxm6YcTAhz05Hph5gvu9M=', 'test'],
  ['Dovecot test-libpassword.c, SSHA', '{SSHA}H/zrDv8FXUu1JmwvVYijfrYEF34jVZcO', 'test'],
  [
    'Dovecot test-libpassword.c, SHA256',
    '{SHA256}n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=',
    'test',
  ],
  [
    'Dovecot test-libpassword.c, SHA512',
    '{SHA512}7iaw3Ur350mqGo7jwQrpkj9hiYB3Lkc/iBml1JQODbJ6wYX4oOHV+E+IvIh/1nsUNzLDBMxfqa2Ob1f1ACio/w==',
    'test',
  ],
  // Made with doveadm pw 2.3.19.1
  ['doveadm, SSHA256', '{SSHA256}srAAm59mp21C35xNcvArar5DudFsosIka+nRt0fqZojR9e7G', 'pässword 1'],
  [
    'doveadm, SSHA512',
    '{SSHA512}GrLPuj3/5/p+CF16CuIRihJOlQjWXzp3tMewz6yI0QAoujdb9+aXETZeyxqdojISnEBHJbjAeR60PzwRrqqgLavp5aM=',
    'pässword 1',
  ],
  [
    'doveadm, SSHA256.HEX',
    '{SSHA256.HEX}f2ee15ec23cae0f60ff59f04efa4315374864ab24a08a260bf5c25801abae4415b664b84',
    'pässword 1',
  ],
  [
    'doveadm, SSHA512.HEX',
    '{ssha512.hex}d0a6bc08e6ebd64fc1c38458f151b971795d1a04912ec5e905a3b879bbc592b4ce29beb4a18eaa9d1f2ab16aa1bf05a9ed48d97834aa0b552bcdf2b42142c5e1a2c454e5',
    'pässword 1',
  ],
  [
    'doveadm, SHA256.HEX',
    '{SHA256.HEX}7fb44446e5a139b3b7a07722161b693429c6843d053412fb0b21370242b8bdb0',
    'pässword 1',
  ],
  [
    'the same without its suffix, told by its length',
    '{SHA256}7fb44446e5a139b3b7a07722161b693429c6843d053412fb0b21370242b8bdb0',
    'pässword 1',
  ],
  ['doveadm, SSHA.B64', '{SSHA.B64}9jNMR7caWutslEczA/XA1g2kCKxIBTc7', 'pässword 1'],
  [
    'doveadm, CRYPT of bcrypt',
    '{CRYPT}$2y$05$lT1NfRbdlC/HBB5rY1a.IuKR3pmZxSyxZUyV.eQJuvu7I97b9Lnsq',
    'pässword 1',
  ],
  [
    'doveadm, SHA256-CRYPT',
    '{SHA256-CRYPT}$5$PNsm831iNCdmcNMS$OfQQ4.u0upAZKlTpr5kYACeeXlMMxEkFF8AS/H9MPk1',
    'pässword 1',
  ],
  [
    'doveadm, SHA512-CRYPT',
    '{SHA512-CRYPT}$6$fV7KJEViDJzJ3ErN$oaI9I7yHlYcG4QtGjUvOLkfEgura1Qy/q.VB5urc1EMheDY3nrKd58unbWi1KVquxJR8TZc1DI2TTSRX/mkR11',
    'pässword 1',
  ],
  [
    'doveadm, ARGON2ID',
    '{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$obrOoff8b4RCP/nq5ruF5w$wE0Dtja4uyTM04feKHei2nu/XFhChbpiXCFgGUJS1ZI',
    'pässword 1',
  ],
  // Drepper, "Unix crypt using SHA-256 and SHA-512"
  ['Drepper, SHA-256', '$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5', 'Hello world!'],
  [
    'Drepper, SHA-512',
    '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
    'Hello world!',
  ],
  [
    'Drepper, SHA-256 with rounds',
    '$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA',
    'Hello world!',
  ],
  [
    'Drepper, SHA-512 with rounds',
    '$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.',
    'Hello world!',
  ],
  // Openwall crypt_blowfish, wrapper.c
  ['crypt_blowfish, U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
  ['crypt_blowfish, U*U*', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK', 'U*U*'],
  // Debian libcrypt 4.4.33 through perl's crypt
  [
    'libcrypt, password longer than the block of SHA-512',
    '$6$rounds=1000$longpass$1.NnNH.7RxB8/YELNrMXvZYxH.XluhH4KqfCfhvXGdY0YkbWIj3E5TudToKQpIrff1wyHV71p4Jlec6d5bvPW.',
    LONG,
  ],
  [
    'libcrypt, password longer than the block of SHA-256',
    '$5$rounds=1000$longpass$LPQSvTRKsF8dDZ/nM.Ql40ff3AG/BMdgD9eGD/.v1H5',
    LONG,
  ],
  [
    'libcrypt, neither password nor salt, SHA-512',
    '$6$rounds=1000$$NPMepfN3/Cv.LPoa7suAzCVH3BhfhhB2wHuwY51WjZgqg.e601K6RWCJ7AHYXHZcp4ilHQ0xlpG1yRxSYX3TP/',
    '',
  ],
  [
    'libcrypt, neither password nor salt, SHA-256',
    '$5$$3c2QQ0KjIU1OLtB29cl8Fplc2WN7X89bnoEjaR7tWu.',
    '',
  ],
  ['libcrypt, $2b$', '$2b$04$abcdefghijklmnopqrstuuPp7HPfoAs8I2dCQCQ/fW7zEJv8I8C8e', 'x'],
  [
    'libcrypt, bytes that are no UTF-8',
    '$5$rounds=1000$a.b-c$r/BsL3c4fWicjMowr.x77crdCJ4/tjHLxa7o17/IPT.',
    Uint8Array.of(0xff, 0xa3),
  ],
  // RFC 7914, section 12: the hexadecimal of the RFC as a PHC string
  [
    'RFC 7914, N=1024',
    phcScrypt(
      'ln=10,r=8,p=16',
      'NaCl',
      'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162' +
        '2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
    ),
    'password',
  ],
  [
    'RFC 7914, N=16384',
    phcScrypt(
      'ln=14,r=8,p=1',
      'SodiumChloride',
      '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2' +
        'd5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
    ),
    'pleaseletmein',
  ],
];

function phcScrypt(cost: string, salt: string, hex: string): string {
  const text = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '');
  return `$scrypt$${cost}$${text(Buffer.from(salt))}$${text(Buffer.from(hex, 'hex'))}`;
}

const other = Buffer.from('x');

for (const [source, hash, password] of VECTORS) {
  test(`A published hash matches its password and no other: ${source}.`, async (t) => {
    await using passwords = createPasswords();
    t.deepEqual(await passwords.verify(hash, password), { outcome: 'match' });
    t.deepEqual(await passwords.verify(hash, Buffer.concat([Buffer.from(password), other])), {
      outcome: 'mismatch',
    });
  });
}
