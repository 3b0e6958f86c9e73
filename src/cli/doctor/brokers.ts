import { ERRORS, messageOf, TelltaleError } from '../../errors.ts';
import { type DoctorCheck, fail, ok } from './check.ts';

/** Each address of `kafka.brokers`, and each that the brokers advertise: clients are sent there. */
export const brokersCheck: DoctorCheck = {
  name: 'brokers',
  description: 'each broker answers, knows this client, and advertises an address that leads to it',
  needsBrokers: false,
  async run({ config, kafka }) {
    const reach = async (address: string, what: string, cure: string) => {
      try {
        const ms = await kafka.reach(address);
        return ok(`${address}${what} answers in ${Math.round(ms)} ms${wayOf(config.kafka)}`);
      } catch (error) {
        const help = error instanceof TelltaleError ? ERRORS[error.code] : '';
        return fail(messageOf(error), cure === '' ? help : cure);
      }
    };
    const given = config.kafka.brokers;
    const findings = await Promise.all(given.map((address) => reach(address, '', '')));
    if (findings.every(({ status }) => status === 'fail')) return findings;
    const cluster = await kafka.cluster([]);
    const others = (cluster?.brokers ?? [])
      .map(({ host, port }) => `${host}:${port}`)
      .filter((address) => !given.includes(address));
    const cure = 'Set advertised.listeners of that broker to an address that this machine can reach.';
    const advertised = await Promise.all(others.map((address) => reach(address, ' (advertised)', cure)));
    return [...findings, ...advertised];
  },
};

const wayOf = ({ ssl, sasl }: Parameters<DoctorCheck['run']>[0]['config']['kafka']): string =>
  `${ssl === false ? '' : ', TLS'}${sasl === null ? '' : `, SASL ${sasl.mechanism.toUpperCase()}`}`;
