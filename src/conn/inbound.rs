//! What arrives: each message goes to the paragraph of the protocol it belongs to.

use super::caps::counted;
use super::connection::Connection;
use super::error::{ConnectionError, PeerMisbehaved, Plenty};
use super::event::{Event, InTarget};
use super::question::is_high;
use super::queue::Item;
use crate::wire::{
    CapDescriptor, Context, Disembargo, EmbargoId, Exception, Message, MessageTarget, Release,
    Resolution, Resolve,
};

impl Connection {
    /// Takes one message from the peer. Once the connection is closed, messages are ignored.
    ///
    /// # Errors
    /// The connection is over: the Abort for the peer is queued (unless the peer sent one), so are
    /// the events for all that is lost, `Closed` last.
    pub fn handle(&mut self, message: Message) -> Result<(), ConnectionError> {
        if self.is_closed() {
            return Ok(());
        }
        self.heard += 1;
        if let Message::Abort(why) = message {
            let error = ConnectionError::Aborted(why);
            self.close_silently(&error.to_exception());
            return Err(error);
        }
        self.dispatch(message).map_err(|rule| {
            self.abort_misbehaved(rule.clone());
            ConnectionError::Misbehaved(rule)
        })
    }

    fn dispatch(&mut self, message: Message) -> Result<(), PeerMisbehaved> {
        match message {
            Message::Bootstrap(bootstrap) => self.on_bootstrap(&bootstrap),
            Message::Call(call) => self.on_call(*call),
            Message::Return(ret) => self.on_return(*ret),
            Message::Finish(finish) => self.on_finish(&finish),
            Message::Resolve(resolve) => self.on_resolve(resolve),
            Message::Release(release) => self.on_release(&release),
            Message::Disembargo(disembargo) => self.on_disembargo(disembargo),
            Message::Unimplemented(echoed) => self.on_unimplemented(*echoed),
            Message::Foreign(foreign) => self.echo(Message::Foreign(foreign)),
            // `handle` took it.
            Message::Abort(_) => Ok(()),
        }
    }

    /// `rpc.capnp: Release`: exactly what was counted can be dropped, no more. (C-L2, C-L3)
    fn on_release(&mut self, release: &Release) -> Result<(), PeerMisbehaved> {
        self.release_export(release.import.flip(), release.reference_count)
    }

    /// `rpc.capnp: Resolve`: a promise nobody here knows any more has its replacement released.
    /// (C-P4, C-P8)
    fn on_resolve(&mut self, resolve: Resolve) -> Result<(), PeerMisbehaved> {
        let import = resolve.promise.flip();
        let to = match &resolve.resolution {
            Resolution::Cap(descriptor) => counted(descriptor),
            _ => None,
        };
        let known = self.imports.resolve(import, to)?;
        let to = match (known, resolve.resolution) {
            (Some(_), Resolution::Cap(descriptor)) => Ok(self.receive(descriptor)?),
            (None, Resolution::Cap(descriptor)) => return self.decline(&descriptor),
            (_, Resolution::Exception(why)) => Err(why),
            (_, Resolution::Foreign(variant)) => {
                Err(Exception::unimplemented(format!("unknown Resolve variant {variant}")))
            }
        };
        if let Some(tag) = known {
            self.emit(Event::Resolve { import, tag, to });
        }
        Ok(())
    }

    /// `rpc.capnp: Disembargo`: out along the old path, and back. (C-E3, C-E8)
    fn on_disembargo(&mut self, disembargo: Disembargo) -> Result<(), PeerMisbehaved> {
        match disembargo.context {
            Context::ReceiverLoopback(embargo) => self.lift(embargo),
            Context::SenderLoopback(embargo) => {
                let target = match &disembargo.target {
                    MessageTarget::ImportedCap(id) => {
                        let export = id.flip();
                        let cap = self.exports.find(export);
                        InTarget::Local(cap.ok_or(PeerMisbehaved::TargetNotExported(export))?)
                    }
                    MessageTarget::PromisedAnswer(promised) => {
                        let answer = promised.question.flip();
                        let tag = self.answers.open_tag(answer);
                        let tag = tag.ok_or(PeerMisbehaved::DisembargoOfUnknown(answer))?;
                        InTarget::Answer { tag, path: promised.path.clone() }
                    }
                    MessageTarget::Foreign(_) => return self.echo(Message::Disembargo(disembargo)),
                };
                self.count_echo()?;
                self.emit(Event::DisembargoRequested { target, embargo });
                Ok(())
            }
            Context::Foreign(_) => self.echo(Message::Disembargo(disembargo)),
        }
    }

    fn lift(&mut self, embargo: EmbargoId) -> Result<(), PeerMisbehaved> {
        if !self.embargoes.lift(embargo) {
            return Err(PeerMisbehaved::UnknownEmbargo(embargo));
        }
        self.emit(Event::Disembargoed { embargo });
        Ok(())
    }

    /// `rpc.capnp: Message.unimplemented`: what a lesser peer may refuse fails alone; what every peer
    /// must know ends the connection. Nothing here is answered, so there can be no loop.
    /// (C-U5, C-U6)
    fn on_unimplemented(&mut self, echoed: Message) -> Result<(), PeerMisbehaved> {
        let refused = match echoed {
            Message::Bootstrap(bootstrap) => {
                return self.on_unimplemented_question(bootstrap.question);
            }
            Message::Call(call) if is_high(call.question) => {
                return call.params.caps.iter().try_for_each(|cap| self.release_echoed(cap));
            }
            Message::Call(call) => return self.on_unimplemented_question(call.question),
            Message::Resolve(resolve) => {
                return match &resolve.resolution {
                    Resolution::Cap(descriptor) => self.release_echoed(descriptor),
                    _ => Ok(()),
                };
            }
            Message::Disembargo(disembargo) => {
                if let Context::SenderLoopback(embargo) = disembargo.context {
                    return self.break_embargo(embargo);
                }
                "Disembargo"
            }
            Message::Return(_) => "Return",
            Message::Finish(_) => "Finish",
            Message::Release(_) => "Release",
            Message::Abort(_) => "Abort",
            Message::Unimplemented(_) => "Unimplemented",
            Message::Foreign(_) => "a message that was never sent to it",
        };
        Err(PeerMisbehaved::Refuses(refused))
    }

    /// C-U4
    fn break_embargo(&mut self, embargo: EmbargoId) -> Result<(), PeerMisbehaved> {
        if !self.embargoes.lift(embargo) {
            return Err(PeerMisbehaved::UnknownEmbargo(embargo));
        }
        let why = Exception::unimplemented("the peer does not implement Disembargo");
        self.emit(Event::EmbargoBroken { embargo, why });
        Ok(())
    }

    /// What we sent comes back: the peer never counted the capability in it. (C-U3)
    fn release_echoed(&mut self, descriptor: &CapDescriptor) -> Result<(), PeerMisbehaved> {
        // Named from our own point of view, since we sent it.
        counted(descriptor).map_or(Ok(()), |id| self.release_export(id.flip(), 1))
    }

    fn echo(&mut self, message: Message) -> Result<(), PeerMisbehaved> {
        self.count_echo()?;
        self.check_read()?;
        self.refused = true;
        self.queue.push(Item::Echo(Message::Unimplemented(Box::new(message))));
        Ok(())
    }

    fn count_echo(&mut self) -> Result<(), PeerMisbehaved> {
        let max = self.config.echoes_max as usize;
        if self.echoes >= max {
            return Err(PeerMisbehaved::TooMany { what: Plenty::Echoes, max });
        }
        self.echoes += 1;
        Ok(())
    }
}
