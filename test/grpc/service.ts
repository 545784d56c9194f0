import {
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
} from '@grpc/grpc-js';
import type { Cleanup } from '../support/cleanup.ts';

/** Messages are bytes: the tests are about what carries them. */
const bytes = (value: Buffer) => value;

function method(path: string, requestStream: boolean, responseStream: boolean): ServiceDefinition[string] {
  const serialize = { requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes };
  return { path, requestStream, responseStream, ...serialize, responseDeserialize: bytes };
}

const SERVICE: ServiceDefinition = {
  unary: method('/test.Echo/Unary', false, false),
  download: method('/test.Echo/Download', false, true),
  upload: method('/test.Echo/Upload', true, false),
  both: method('/test.Echo/Both', true, true),
};

export const EchoClient = makeGenericClientConstructor(SERVICE, 'test.Echo');

/** What the server saw. */
export interface Seen {
  metadata: Metadata[];
  /** Calls that their clients gave up. */
  cancelled: number;
  deadlines: (Date | number)[];
}

const trailers = () => {
  const metadata = new Metadata();
  metadata.set('x-trailer', 'end');
  metadata.set('x-bytes-bin', Buffer.from([0, 1, 255]));
  return metadata;
};

const fail = (text: string) => ({
  code: status.FAILED_PRECONDITION,
  details: `cannot ${text}, ünd mehr`,
  metadata: trailers(),
});

/** A gRPC server on 127.0.0.1. */
export async function startEcho(
  t: Cleanup,
  credentials = ServerCredentials.createInsecure(),
): Promise<{ port: number; seen: Seen }> {
  const seen: Seen = { metadata: [], cancelled: 0, deadlines: [] };
  const note = (call: {
    metadata: Metadata;
    getDeadline(): Date | number;
    on(name: 'cancelled', run: () => void): unknown;
  }) => {
    seen.metadata.push(call.metadata);
    seen.deadlines.push(call.getDeadline());
    call.on('cancelled', () => seen.cancelled++);
  };
  const unary: handleUnaryCall<Buffer, Buffer> = (call, done) => {
    note(call);
    const text = call.request.toString();
    if (text === 'fail') done(fail('unary'));
    else if (text !== 'never') done(null, call.request, trailers());
  };
  const download: handleServerStreamingCall<Buffer, Buffer> = (call) => {
    note(call);
    const count = Number(call.request.toString());
    let sent = 0;
    const more = () => {
      while (sent < count) if (!call.write(Buffer.alloc(1000, sent++ & 255))) return void call.once('drain', more);
      call.end(trailers());
    };
    if (count < 0) {
      const metadata = new Metadata();
      metadata.set('x-initial', 'begin');
      call.sendMetadata(metadata);
    } else more();
  };
  const upload: handleClientStreamingCall<Buffer, Buffer> = (call, done) => {
    note(call);
    let length = 0;
    call.on('data', (message: Buffer) => {
      length += message.length;
      if (message.toString() === 'stop') done(fail('go on'));
    });
    call.on('end', () => done(null, Buffer.from(String(length)), trailers()));
  };
  const both: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    note(call);
    call.on('data', (message: Buffer) => call.write(message));
    call.on('end', () => call.end(trailers()));
  };
  const server = new Server();
  server.addService(SERVICE, { unary, download, upload, both });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error === null ? resolve(bound) : reject(error))),
  );
  t.after(() => server.forceShutdown());
  return { port, seen };
}
