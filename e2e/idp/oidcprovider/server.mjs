// An OpenID provider on the library oidc-provider, for tests. Its one argument is a file of JSON:
// port, issuer, key, certificate and clientCA (files), keys (private keys in PEM with kid and
// alg) and clients (metadata of RFC 7591). It prints "ready" when it serves.
import crypto from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import Provider from 'oidc-provider';

const setup = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'];
const keys = setup.keys.map(({ kid, alg, pem }) => ({
  ...crypto.createPrivateKey(pem).export({ format: 'jwk' }), kid, alg, use: 'sig',
}));

// What an access token is, the resource says: its audience is the path, and alg and format are
// in the query.
function resource(_, indicator) {
  const url = new URL(indicator);
  return {
    scope: 'orders:read',
    audience: url.pathname.slice(1),
    accessTokenTTL: 300,
    accessTokenFormat: url.searchParams.get('format') ?? 'jwt',
    jwt: { sign: { alg: url.searchParams.get('alg') ?? 'RS256' } },
  };
}

const provider = new Provider(setup.issuer, {
  jwks: { keys },
  clients: setup.clients,
  clientAuthMethods: ['client_secret_basic', 'tls_client_auth', 'none'],
  scopes: ['openid', 'offline_access', 'orders:read'],
  pkce: { required: () => true },
  rotateRefreshToken: false,
  issueRefreshToken: async () => true,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  cookies: { keys: [crypto.randomBytes(32).toString('hex')] },
  enabledJWA: { idTokenSigningAlgValues: algorithms, userinfoSigningAlgValues: algorithms },
  // Without the dispatcher that it comes with, which calls no loopback address.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    revocation: { enabled: true },
    backchannelLogout: { enabled: true },
    encryption: { enabled: true },
    jwtUserinfo: { enabled: true },
    dPoP: { enabled: true },
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      tlsClientAuth: true,
      getCertificate: (ctx) => ctx.socket.getPeerX509Certificate(),
      certificateAuthorized: (ctx) => ctx.socket.authorized,
      certificateSubjectMatches: (ctx, property, expected) => property === 'tls_client_auth_san_uri'
        && ctx.socket.getPeerX509Certificate()?.subjectAltName === `URI:${expected}`,
    },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: resource,
    },
  },
});
provider.on('server_error', (_, err) => console.error(err));
provider.on('backchannel.error', (_, err) => console.error(err));

https.createServer({
  key: fs.readFileSync(setup.key),
  cert: fs.readFileSync(setup.certificate),
  ca: fs.readFileSync(setup.clientCA),
  requestCert: true,
  rejectUnauthorized: false,
}, provider.callback()).listen(setup.port, '127.0.0.1', () => console.log('ready'));
