import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { change } from '../../api/client.ts';
import type { Passkey } from '../../api/types.ts';
import { useAnnounce } from '../../ui/announce.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Notice } from '../../ui/page.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';

export interface RemovePasskeyProps {
  readonly passkey: Passkey;
  readonly onClose: () => void;
}

export function RemovePasskey({ passkey: { id, name }, onClose }: RemovePasskeyProps): ReactNode {
  const queries = useQueryClient();
  const announce = useAnnounce();
  const remove = useMutation({
    mutationFn: () => change('DELETE', `/passkeys/${encodeURIComponent(id)}`),
    onSuccess: () => {
      announce('Removed');
      onClose();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['passkeys'] }),
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title="Remove this passkey?"
      description={
        <>
          <VisibleText text={name} /> confirms nothing any more. Remove it from the device, too.
        </>
      }
    >
      {remove.error !== null && <Notice tone="bad" title={remove.error.message} />}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
          Remove
        </Button>
      </DialogActions>
    </Dialog>
  );
}
