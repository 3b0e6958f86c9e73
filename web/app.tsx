import { place } from './model/router.ts';
import { session } from './model/session.ts';
import { DeadLettersPage } from './pages/dead-letters.tsx';
import { DecisionsPage } from './pages/decisions.tsx';
import { IncidentPage } from './pages/incident.tsx';
import { IncidentsPage } from './pages/incidents.tsx';
import { Overview } from './pages/overview.tsx';
import { RolloutPage, RolloutsPage } from './pages/rollouts.tsx';
import { ServicePage } from './pages/service/page.tsx';
import { CommandDialog } from './parts/dialog.tsx';
import { Shell, SignIn } from './parts/shell.tsx';
import { ShortcutHelp } from './parts/shortcuts.tsx';

function Shown() {
  const [kind = '', name = '', part = ''] = place.value.path;
  switch (kind) {
    case 'services':
      return <ServicePage key={name} name={name} part={part} />;
    case 'incidents':
      return name === '' ? <IncidentsPage /> : <IncidentPage key={name} incidentId={name} />;
    case 'decisions':
      return <DecisionsPage />;
    case 'rollouts':
      return name === '' ? <RolloutsPage /> : <RolloutPage key={name} service={name} />;
    case 'dead-letters':
      return <DeadLettersPage />;
    default:
      return <Overview />;
  }
}

export function App() {
  const who = session.value;
  if (who !== null && 'out' in who) return <SignIn auth={who.auth} cure={who.out} />;
  return (
    <>
      <Shell>
        <Shown />
      </Shell>
      <CommandDialog />
      <ShortcutHelp />
    </>
  );
}
