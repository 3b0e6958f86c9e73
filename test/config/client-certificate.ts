/**
 * A certificate that signed itself, and its key behind a passphrase. They open nothing: they stand here because neither
 * Node nor the JDK can write a certificate together with a key in PEM.
 */
export const PASSPHRASE = 'open-sesame';

export const KEY = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhQPArDClKibAICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEB2kuB+1T3/yMtN+Bd/zwDgEgZCu
g8vdXqZCf+EI8eKD1Dh/AV8A61CDdk69IY1vR/y8+Y0j3SpNkUrVXook2C0Ko1RN
juVq2LdjWi0T8bi/gSkdZi4+SwoyKdZlTBS4O65xgwJd1Rc5HffUph75f5i9GFUC
FYLirMZe26VJyurZnhBvhiU4npWXU3IPnIMKSngXMfn5aEfVtiK6SGyrgUWTh+U=
-----END ENCRYPTED PRIVATE KEY-----
`;

export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIULxLbYYPQdcTA8iCe4Odj+YxOhL0wCgYIKoZIzj0EAwIw
HzEdMBsGA1UEAwwUdGVsbHRhbGUgdGVzdCBjbGllbnQwIBcNMjYxMTI0MTQzMDUx
WhgPMjEyNjEwMzExNDMwNTFaMB8xHTAbBgNVBAMMFHRlbGx0YWxlIHRlc3QgY2xp
ZW50MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE5Ask1UOl4fwMbo4ymQB1C1tJ
pWs2UwQB9ldhEEeUwQIcItGEbHrq23GbGWFYZRjhx2VykCd8iWL0XLNfmj+N+KNT
MFEwHQYDVR0OBBYEFIJbZ2tf+tKJK3Iyhiy5DdFQZGoYMB8GA1UdIwQYMBaAFIJb
Z2tf+tKJK3Iyhiy5DdFQZGoYMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwID
SAAwRQIhAIKq0oYQMhWAOpt8pn45nYmtgDc7IKoxhBicYGd1aoDaAiBoja5/+65p
KhzVxasbCoFAX8pgEW1NmgOn0ABA1jzNPQ==
-----END CERTIFICATE-----
`;
