//! Ports for servers whose address must be known before they listen.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port of this machine that nobody else is given as a free one while this lives.
pub(crate) struct Port {
    address: SocketAddr,
    _held: Option<TcpSocket>,
}

impl Port {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // With it Linux lets a server that sets it too, as all do, listen where this one only holds the place.
        socket.set_reuseaddr(true).unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        Self {
            address: socket.local_addr().unwrap(),
            _held: cfg!(target_os = "linux").then_some(socket),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn number(&self) -> u16 {
        self.address.port()
    }
}
