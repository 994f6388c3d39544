"""FastAPI with SQLAlchemy's asynchronous ORM on asyncpg, a session per request, as its project template lays it out."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

INT64_MAX = 2**63 - 1

engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://"), pool_size=10, max_overflow=10
)
# The reply is built from the object after the commit: without this it would be read back from the database.
new_session = async_sessionmaker(engine, expire_on_commit=False)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"

    account_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    balance: Mapped[int] = mapped_column(BigInteger)


class Transaction(Base):
    __tablename__ = "transactions"

    transaction_id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.account_id"))
    amount: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), default=now)


Index("transactions_newest", Transaction.created_at.desc(), Transaction.transaction_id.desc())


class NewTransaction(BaseModel):
    account_id: uuid.UUID
    amount: Annotated[int, Field(ge=-INT64_MAX - 1, le=INT64_MAX)]


class TransactionOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    transaction_id: uuid.UUID
    account_id: uuid.UUID
    amount: int
    created_at: dt.datetime


class Pong(BaseModel):
    status: str


async def session() -> AsyncIterator[AsyncSession]:
    async with new_session() as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get("/ping")
async def ping() -> Pong:
    return Pong(status="ok")


@app.post("/transactions", status_code=201, response_model=TransactionOut)
async def create(body: NewTransaction, session: Session) -> Transaction:
    balance = insert(Account).values(account_id=body.account_id, balance=body.amount)
    transaction = Transaction(account_id=body.account_id, amount=body.amount)
    # The upsert comes first: the foreign key wants the account.
    await session.execute(
        balance.on_conflict_do_update(
            index_elements=[Account.account_id], set_={"balance": Account.balance + balance.excluded.balance}
        )
    )
    session.add(transaction)
    await session.commit()
    return transaction


@app.get("/transactions/{transaction_id}", response_model=TransactionOut)
async def get(transaction_id: uuid.UUID, session: Session) -> Transaction:
    transaction = await session.get(Transaction, transaction_id)
    if transaction is None:
        raise HTTPException(404, "no such transaction")
    return transaction


@app.get("/transactions", response_model=list[TransactionOut])
async def newest(session: Session, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[Transaction]:
    order = (Transaction.created_at.desc(), Transaction.transaction_id.desc())
    return list(await session.scalars(select(Transaction).order_by(*order).limit(limit)))
