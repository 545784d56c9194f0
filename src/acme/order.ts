import { type Authorization, Client, crypto } from 'acme-client';
import type { AcmeConfig } from '../config/config.ts';
import type { TlsChallenge } from '../tls/terms.ts';
import { watchAnswers } from './answers.ts';
import type { AcmeStore, StoredCertificate } from './store.ts';

/** How the authority is convinced that a name is this lb's. */
export type ChallengeType = 'http-01' | 'tls-alpn-01';

/** An order that came to nothing. The message is one sentence. */
export class OrderError extends Error {
  /** The authority was asked too often. */
  readonly isLimited: boolean;

  constructor(message: string, isLimited: boolean) {
    super(message);
    this.isLimited = isLimited;
  }
}

export interface OrderTerms {
  readonly config: AcmeConfig;
  readonly type: ChallengeType;
  readonly store: AcmeStore;
  /** Has listeners answer these challenges of TLS-ALPN-01, and no others. */
  readonly setChallenges: (challenges: TlsChallenge[]) => void;
  /** Shortest and longest pause between two questions whether the authority is ready, in ms. */
  readonly poll: { min: number; max: number };
}

/** How often the authority is asked whether it is ready. */
const POLLS = 12;

/** Time for a new challenge to reach the threads that answer it, in ms. */
const SPREAD = 250;

/**
 * Orders one certificate for all domains (RFC 8555 section 7.4), and keeps it.
 * @throws OrderError
 */
export async function obtainCertificate(terms: OrderTerms): Promise<StoredCertificate> {
  const watch = watchAnswers(terms.config);
  try {
    return await order(terms);
  } catch (error) {
    const { problem } = watch;
    if (problem?.endsWith(':accountDoesNotExist')) await terms.store.forgetAccount();
    const isLimited = problem?.endsWith(':rateLimited') === true;
    throw new OrderError(oneLine((error as Error).message) || 'the authority gave no reason', isLimited);
  } finally {
    watch.end();
  }
}

async function order({ config, type, store, setChallenges, poll }: OrderTerms): Promise<StoredCertificate> {
  const { domains } = config;
  const wildcard = domains.find((domain) => domain.includes('*'));
  if (wildcard !== undefined) throw new Error(`${wildcard} takes a challenge of DNS-01, which lb cannot answer`);
  const client = await openClient(config, store, poll);
  const key = (await crypto.createPrivateEcdsaKey()).toString();
  const [, csr] = await crypto.createCsr({ altNames: [...domains] }, key);
  const challenges = new Map<string, TlsChallenge>();
  const show = () => setChallenges([...challenges.values()]);
  const cert = await client.auto({
    csr,
    // the authority looks from outside, which often cannot be done from here
    skipChallengeVerification: true,
    challengePriority: [type],
    challengeCreateFn: async (authorization, challenge, answer) => {
      const { value: name } = authorization.identifier;
      if (challenge.type !== type) throw new Error(`the authority offers no challenge of ${type} for ${name}`);
      if (type === 'http-01') await store.writeChallenge(challenge.token, answer);
      else challenges.set(name, await alpnChallenge(authorization, answer));
      show();
      await new Promise((resolve) => setTimeout(resolve, SPREAD));
    },
    challengeRemoveFn: async (authorization, challenge) => {
      if (challenge.type === 'http-01') await store.removeChallenge(challenge.token);
      challenges.delete(authorization.identifier.value);
      show();
    },
  });
  return store.writeCertificate(domains, key, cert);
}

async function openClient(config: AcmeConfig, store: AcmeStore, poll: OrderTerms['poll']): Promise<Client> {
  const { directory, eabKid, eabKey, email, agreeTos } = config;
  let account = await store.readAccount();
  if (account === undefined) {
    account = { key: (await crypto.createPrivateEcdsaKey()).toString(), url: undefined };
    await store.writeAccountKey(account.key);
  }
  const client = new Client({
    directoryUrl: directory,
    accountKey: account.key,
    ...(account.url === undefined ? {} : { accountUrl: account.url }),
    ...(eabKid && eabKey ? { externalAccountBinding: { kid: eabKid, hmacKey: eabKey } } : {}),
    backoffAttempts: POLLS,
    backoffMin: poll.min,
    backoffMax: poll.max,
  });
  if (account.url === undefined) {
    const contact = email === undefined ? [] : [`mailto:${email}`];
    await client.createAccount({ termsOfServiceAgreed: agreeTos, contact });
    await store.writeAccountUrl(client.getAccountUrl());
  }
  return client;
}

async function alpnChallenge(authorization: Authorization, answer: string): Promise<TlsChallenge> {
  const key = await crypto.createPrivateEcdsaKey();
  const [, cert] = await crypto.createAlpnCertificate(authorization, answer, key);
  return { name: authorization.identifier.value, cert: cert.toString(), key: key.toString() };
}

function oneLine(message: string): string {
  return message.replace(/\s+/g, ' ').trim().slice(0, 500);
}
