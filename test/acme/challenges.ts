import { createHash, X509Certificate } from 'node:crypto';
import { request } from 'node:http';
import { connect } from 'node:tls';

/** DER of the extension's OID, that it is critical, and the head of its value (RFC 8737 section 3). */
const EXTENSION = Buffer.from('06082b0601050507011f0101ff042204' + '20', 'hex');

/** Asks as RFC 8555 section 8.3 says. @returns why it is not valid */
export function checkHttp(port: number, name: string, token: string, answer: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const path = `/.well-known/acme-challenge/${token}`;
    const asked = request({ host: '127.0.0.1', port, path, headers: { Host: name }, agent: false });
    asked.on('error', (error) => resolve(error.message)).end();
    asked.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => {
        const isRight = response.statusCode === 200 && body.trimEnd() === answer;
        resolve(isRight ? undefined : `${response.statusCode} ${body.slice(0, 100)}`);
      });
    });
  });
}

/** Asks as RFC 8737 section 3 says. @returns why it is not valid */
export function checkAlpn(port: number, name: string, answer: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = {
      host: '127.0.0.1',
      port,
      servername: name,
      ALPNProtocols: ['acme-tls/1'],
      rejectUnauthorized: false,
    };
    const socket = connect(options, () => {
      const { raw } = socket.getPeerX509Certificate() as X509Certificate;
      resolve(socket.alpnProtocol === 'acme-tls/1' ? fault(raw, name, answer) : 'it does not speak acme-tls/1');
      socket.destroy();
    });
    socket.on('error', (error: Error) => resolve(error.message));
  });
}

function fault(raw: Buffer, name: string, answer: string): string | undefined {
  if (new X509Certificate(raw).subjectAltName !== `DNS:${name}`) return 'the certificate is for another name';
  const at = raw.indexOf(EXTENSION);
  const wanted = createHash('sha256').update(answer).digest();
  const start = at + EXTENSION.length;
  return at >= 0 && raw.subarray(start, start + 32).equals(wanted) ? undefined : 'the certificate has another digest';
}
